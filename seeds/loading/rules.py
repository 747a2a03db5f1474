"""Rule rows and own calendar days; a kind of rule is loaded only while it has no row at all.

Otherwise a rule whose first day the coordination office moved would come back beside its own.
"""

from __future__ import annotations

from datetime import date, time
from typing import Any

from kfq_crm.base.calendar import load_year
from kfq_crm.base.models import ApiRule, CalendarDay, FeedRule, QuietHours
from leads.models import (
    CadenceRule,
    ClaimRule,
    DigestRule,
    DisclosureRule,
    EscalationStep,
    LimitItem,
    ResponseLimit,
    ScaleThreshold,
    SnoozeRule,
    StallRule,
    Via,
)
from seeds.loading.store import add, make, read

CURRENCIES = {"CNY": "min_cny_wan", "USD": "min_usd_wan"}
VIA = {"reminder": Via.MAIL, "digest": Via.DIGEST}
FIRST_YEAR = 2024  # the year of the report


def load_rules() -> None:
    data = read("rules")
    if not CadenceRule.objects.exists():
        _cadences(data)
    if not ClaimRule.objects.exists():
        (row,) = data["claims"]
        make(ClaimRule, days_without_progress=row["limit"], **origin(data, row))
    if not ScaleThreshold.objects.exists():
        _thresholds(data)
    if not StallRule.objects.exists():
        months = {f"{row['level']}_months": row["limit"] for row in data["progress_clock"]}
        make(StallRule, **months, **origin(data, data["progress_clock"][0]))
    if not QuietHours.objects.exists():
        (row,) = data["quiet_hours"]
        make(QuietHours, **_hours(row), **origin(data, row))
    if not DisclosureRule.objects.exists():
        (row,) = data["disclosure"]
        make(DisclosureRule, fewest=row["fewest"], **origin(data, row))
    _programs(data)
    _digest(data)
    _reminding(data)


def _programs(data: dict[str, Any]) -> None:
    if not FeedRule.objects.exists():
        (row,) = data["change_feed"]
        make(FeedRule, days=row["limit"], **origin(data, row))
    if not ApiRule.objects.exists():
        (row,) = data["tokens"]
        figures = {"requests_per_minute": row["requests"], "longest_days": row["limit"]}
        make(ApiRule, **figures, **origin(data, row))


def _hours(row: dict[str, Any]) -> dict[str, time]:
    return {name: time.fromisoformat(row[name]) for name in ("starts_at", "ends_at")}


def _digest(data: dict[str, Any]) -> None:
    if not DigestRule.objects.exists():
        (row,) = data["digest"]
        figures = {name: row[name] for name in ("weekday", "decisions", "link_days")}
        make(DigestRule, **figures, time=time.fromisoformat(row["time"]), **origin(data, row))


def _reminding(data: dict[str, Any]) -> None:
    """What is due when beside the cadences, who is told of it, how long it may be put off."""
    if not ResponseLimit.objects.exists():
        for row in data["cadence"]:
            if row["item"] in LimitItem.values:
                limit = {"item": row["item"], "band": row["scale"] or ""}
                make(ResponseLimit, **limit, working_days=row["limit"], **origin(data, row))
    if not EscalationStep.objects.exists():
        for row in data["escalation"]:
            for role in row["recipients"]:
                step = {"offset": row["offset"], "role": role, "via": VIA[row["via"]]}
                make(EscalationStep, **step, **origin(data, row))
    if not SnoozeRule.objects.exists():
        (row,) = data["snooze"]
        make(SnoozeRule, working_days=row["limit"], **origin(data, row))


def load_calendar() -> None:
    """Own corrections first, then what the library holds of the published years."""
    calendar = read("calendar")
    for row in calendar["days"]:
        add(
            CalendarDay,
            {"day": row["date"]},
            is_workday=row["kind"] == "work",
            label=row["name"],
        )
    for year in range(FIRST_YEAR, calendar["last_published_year"] + 1):
        load_year(year=year, by=None)


def _cadences(data: dict[str, Any]) -> None:
    for row in data["cadence"]:
        if row["stage"]:
            make(
                CadenceRule,
                stage=row["stage"],
                band=row["scale"] or "",
                working_days=row["limit"],
                **origin(data, row),
            )


def _thresholds(data: dict[str, Any]) -> None:
    """Both currencies, each with its own figure; the smallest band begins at nothing."""
    for row in data["scale_bands"]:
        for currency, column in CURRENCIES.items():
            make(
                ScaleThreshold,
                band=row["code"],
                currency=currency,
                minimum=row[column] or 0,
                **origin(data, row),
            )


def origin(data: dict[str, Any], row: dict[str, Any]) -> dict[str, date | str | bool]:
    """Since when, by which document (or, without its number, by whom), or that it is ours."""
    return {
        "valid_from": data["valid_from"],
        "published": row["published"] or row["authority"] or "",
        "inferred": row["inferred"],
    }
