"""What the operations page says of approvals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.operations import BAD, GOOD, WARNING, Line, register_panel
from kfq_crm.base.sweeps import COUNTS, expect
from services.actions.approval_sweep import SWEEP, overdue
from services.models import PaperTask
from services.rulebook import deemed_rule

SILENT = timedelta(minutes=30)  # longer than a sweep over fifty thousand steps takes


def read_approvals(now: datetime) -> Iterator[Line]:
    """What the sweep has left undone, papers that nobody issued, a rule that is missing."""
    today = timezone.localdate(now)
    left = overdue(today).count()
    yield Line(
        "overdue", _("steps to be granted by default"), str(left), left, WARNING if left else GOOD
    )
    papers = PaperTask.objects.filter(issued_on=None, dropped_on=None, due_on__lt=today).count()
    yield Line(
        "papers_late",
        _("papers of approvals by default not issued in time"),
        str(papers),
        papers,
        WARNING if papers else GOOD,
    )
    if deemed_rule(today) is None:
        yield Line("rule", _("rule on approval by default"), _("none is in force"), 0, BAD)


def register() -> None:
    """Called once while the app loads."""
    expect(SWEEP, gettext_lazy("approvals (sweep)"), SILENT)
    COUNTS.update(
        lapsed=gettext_lazy("promises lapsed (count)"),
        accepted=gettext_lazy("accepted by silence (count)"),
        deemed=gettext_lazy("granted by default (count)"),
        opened=gettext_lazy("steps that can begin (count)"),
    )
    register_panel("approval", pgettext_lazy("operations", "Approvals"), read_approvals)
