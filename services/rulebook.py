"""The rules on approvals in force on a day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from leads.rulebook import band_of
from services.models.templates import DeemedRule

if TYPE_CHECKING:
    from leads.models import LandedProject


def deemed_rule(day: date) -> DeemedRule | None:
    """From what scale on an overdue approval counts as granted; none is without a rule."""
    return DeemedRule.objects.valid_on(day).first()


def is_large_enough(project: LandedProject, rule: DeemedRule | None, day: date) -> bool:
    """Whether the project is of the rule's scale, by the thresholds of its own currency.

    ≥1亿元 or ≥1000万美元 with the published rows (泰政办发〔2022〕58号); nothing is converted. A
    project without an amount, as the report names some, keeps the band that it was given.
    """
    if rule is None:
        return False
    band = project.band
    if project.investment is not None:
        band = band_of(project.investment, project.currency, day)
    return band != "" and band <= rule.smallest_band  # A is the largest
