"""The rules in force on a day: cadences, claim days, scale thresholds."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from kfq_crm.base.amounts import Threshold, scale_band
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.errors import RuleViolation
from leads.models.digest import DigestRule
from leads.models.lookback import LookBackRule, PaceRule
from leads.models.reminder import ResponseLimit, SnoozeRule
from leads.models.rules import (
    CadenceRule,
    ClaimRule,
    DisclosureRule,
    ScaleThreshold,
    StallRule,
)
from leads.pace import Limits


def cadence_days(stage: str, band: str, day: date) -> int | None:
    """Working days to the next step; the band's own rule before the one for every band."""
    rules = CadenceRule.objects.valid_on(day).filter(stage=stage, band__in={band, ""})
    newest = {rule.band: rule for rule in reversed(list(rules))}
    rule = newest.get(band) or newest.get("")
    return rule.working_days if rule else None


def cadences_on(day: date) -> dict[tuple[str, str], int]:
    """Working days to the next contact by stage and band ("" for every other band)."""
    rules = reversed(list(CadenceRule.objects.valid_on(day)))
    return {(rule.stage, rule.band): rule.working_days for rule in rules}


def next_action_date(stage: str, band: str, day: date) -> date | None:
    """The day that the cadence proposes for the next step, a working day."""
    days = cadence_days(stage, band, day)
    return None if days is None else current_calendar().add_workdays(day, days)


def response_days(item: str, day: date) -> dict[str, int]:
    """Working days to an answer by scale band, "" for every other band; empty without a rule."""
    rules = ResponseLimit.objects.valid_on(day).filter(item=item)
    days = {rule.band: rule.working_days for rule in reversed(list(rules))}
    return days if "" in days else {}


def snooze_days(day: date) -> int:
    """Working days for which an item may be put off; none without a rule."""
    rule = SnoozeRule.objects.valid_on(day).first()
    return rule.working_days if rule else 0


def digest_rule(day: date) -> DigestRule | None:
    """When digests go out and what they may ask; none are made without a rule."""
    return DigestRule.objects.valid_on(day).first()


# One confidential lead alone is never told of, with or without a rule.
FEWEST_TOLD = 2


def fewest_told(day: date) -> int:
    """How many confidential leads a figure must hold before others may read it."""
    rule = DisclosureRule.objects.valid_on(day).first()
    return max(FEWEST_TOLD, rule.fewest) if rule else FEWEST_TOLD


def claim_lapses_on(progress_on: date) -> date:
    """The day on which a claim whose last progress was then lapses (calendar days).

    RuleViolation when no claim rule is in force: a claim without an end is nobody's wish.
    """
    rule = ClaimRule.objects.valid_on(progress_on).first()
    if rule is None:
        raise RuleViolation(
            "claim_rule_missing",
            _("No claim rule is in force on that day; the coordination office must enter one."),
        )
    return progress_on + timedelta(days=rule.days_without_progress)


@dataclass(frozen=True)
class StallLimits:
    """A lead whose last progress lies before one of these days carries that card."""

    yellow: date
    red: date
    off_list: date

    def card(self, progress_on: date) -> str:
        """ "off_list", "red", "yellow" or "" for a lead that moves."""
        for name in ("off_list", "red", "yellow"):
            if progress_on < getattr(self, name):
                return name
        return ""


def stall_limits(today: date) -> StallLimits | None:
    """The days before which leads count as stuck; None when no rule is in force."""
    rule = StallRule.objects.valid_on(today).first()
    if rule is None:
        return None
    return StallLimits(
        yellow=months_before(today, rule.yellow_months),
        red=months_before(today, rule.red_months),
        off_list=months_before(today, rule.off_list_months),
    )


def look_backs_on(day: date) -> dict[tuple[str, int], int]:
    """Months from a milestone to each look-back, by milestone and number."""
    rules = reversed(list(LookBackRule.objects.valid_on(day)))
    newest = {(rule.after, rule.number): rule.months for rule in rules}
    return {which: months for which, months in newest.items() if months is not None}


def pace_limits(today: date) -> Limits | None:
    """When a measured promise counts as behind; None when no rule is in force."""
    rule = PaceRule.objects.valid_on(today).first()
    if rule is None:
        return None
    return Limits(
        behind=rule.behind_points,
        far_behind=rule.far_behind_points,
        stale_before=months_before(today, rule.stale_months),
    )


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or that month's last day."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def thresholds_on(day: date) -> list[Threshold]:
    """The newest threshold of each band and currency."""
    newest = {}
    for row in reversed(list(ScaleThreshold.objects.valid_on(day))):
        newest[row.band, row.currency] = Threshold(row.band, row.currency, row.minimum)
    return list(newest.values())


def band_of(investment: Decimal | None, currency: str, day: date) -> str:
    """Scale band of an amount in its own currency, never converted; "" without an amount."""
    if investment is None:
        return ""
    return scale_band(investment, currency, thresholds_on(day))
