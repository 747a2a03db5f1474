"""What the operations page says of the sweeps of services."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from kfq_crm.base.sweeps import COUNTS, expect
from services.actions.feedback import SWEEP


def expect_sweeps() -> None:
    expect(SWEEP, gettext_lazy("questions closed unrated (sweep)"))
    COUNTS["questions_closed"] = gettext_lazy("questions closed (count)")
