"""The pace of a promise: linear from its beginning to its day, judged on the day of the measure."""

from datetime import date
from decimal import Decimal

import pytest

from leads.pace import Limits, Outlook, Promise, pace_of, share_of_time

BEGUN, DUE = date(2026, 1, 1), date(2027, 1, 1)
LIMITS = Limits(behind=10, far_behind=30, stale_before=date(2026, 1, 15))
HALF = date(2026, 7, 2)  # 182 of 365 days


def promise(measured: int | None, on: date | None = HALF, **values: object) -> Promise:
    return Promise(
        **{
            "promised": Decimal(1000),
            "starts_on": BEGUN,
            "due_on": DUE,
            "measured": None if measured is None else Decimal(measured),
            "measured_on": on if measured is not None else None,
            **values,
        }  # type: ignore[arg-type]  # a test's dictionary
    )


@pytest.mark.parametrize(
    ("measured", "outlook", "behind"),
    [
        (600, Outlook.ON_PACE, -10),
        (499, Outlook.ON_PACE, 0),
        (400, Outlook.BEHIND, 10),
        (403, Outlook.BEHIND, 10),  # 9.56 rounds to 10
        (404, Outlook.ON_PACE, 9),
        (200, Outlook.BEHIND, 30),
        (190, Outlook.FAR_BEHIND, 31),
        (0, Outlook.FAR_BEHIND, 50),
        (1000, Outlook.ON_PACE, -50),
    ],
)
def test_pace_is_judged_by_the_difference_in_points(
    measured: int, outlook: str, behind: int
) -> None:
    pace = pace_of(promise(measured), LIMITS, HALF)
    assert (pace.outlook, pace.behind) == (outlook, behind)


def test_pace_is_held_against_the_day_of_the_measure_not_of_the_question() -> None:
    early = date(2026, 4, 2)  # 91 of 365 days: 24.9 %
    assert pace_of(promise(250, early), LIMITS, HALF).outlook == Outlook.ON_PACE


def test_what_was_expected_and_where_it_leads() -> None:
    pace = pace_of(promise(250), LIMITS, HALF)
    assert pace.expected == Decimal("498.63")
    assert pace.projected == Decimal("501.37")


@pytest.mark.parametrize(
    ("values", "outlook"),
    [
        ({"promised": None}, ""),
        ({"due_on": None}, ""),
        ({"starts_on": date(2026, 8, 1)}, ""),  # not begun, not measured
    ],
)
def test_nothing_is_said_where_no_pace_can_be_drawn(
    values: dict[str, object], outlook: str
) -> None:
    assert pace_of(promise(None, **values), LIMITS, HALF).outlook == outlook


def test_unmeasured_for_long_is_a_warning_of_its_own() -> None:
    stale = Limits(10, 30, stale_before=date(2026, 5, 1))
    assert pace_of(promise(None), stale, HALF).outlook == Outlook.UNMEASURED
    assert pace_of(promise(300, date(2026, 4, 1)), stale, HALF).outlook == Outlook.UNMEASURED
    assert pace_of(promise(0, date(2026, 4, 20)), stale, HALF).outlook == Outlook.BEHIND
    assert pace_of(promise(300, date(2026, 5, 1)), stale, HALF).outlook == Outlook.ON_PACE


def test_a_passed_day_is_overdue_whatever_was_measured() -> None:
    for value in (None, 0, 1000):
        asked = promise(value)
        assert pace_of(asked, LIMITS, date(2027, 1, 2)).outlook == Outlook.OVERDUE
        assert pace_of(asked, LIMITS, DUE).outlook != Outlook.OVERDUE
    assert pace_of(promise(None, promised=None), None, date(2027, 1, 2)).outlook == Outlook.OVERDUE


def test_without_a_rule_no_pace_is_judged() -> None:
    pace = pace_of(promise(0), None, HALF)
    assert (pace.outlook, pace.behind) == ("", 50)


@pytest.mark.parametrize(
    ("day", "share"),
    [
        (date(2025, 1, 1), 0),
        (BEGUN, 0),
        (DUE, 1),
        (date(2028, 1, 1), 1),
    ],
)
def test_share_of_time_stays_between_nothing_and_all(day: date, share: int) -> None:
    assert share_of_time(BEGUN, DUE, day) == share


def test_a_promise_that_is_due_on_the_day_it_begins_has_no_middle() -> None:
    assert share_of_time(BEGUN, BEGUN, BEGUN) == 1
    assert share_of_time(BEGUN, BEGUN, date(2025, 12, 31)) == 0
