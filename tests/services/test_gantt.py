"""The plan over its days: what is expected of each step, and where its bars stand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kfq_crm.base.workdays import WorkCalendar
from services.gantt import Chart, StepDays, chart, expected, tick_days
from services.ordering import Span
from services.sla import Stop

CALENDAR = WorkCalendar()
TODAY = date(2026, 9, 28)  # the Monday before National Day; 10 October is worked


def day(month: int, number: int) -> date:
    return date(2026, month, number)


def step(code: str, phase: str = "waiting", days: int = 3, **values: Any) -> StepDays:
    return StepDays(code=code, phase=phase, working_days=days, planned=None, **values)


def drawn(*steps: StepDays, colours: dict[str, str] | None = None) -> Chart:
    return chart(steps, expected(CALENDAR, steps, TODAY), TODAY, colours or {})


def test_steps_run_beside_each_other_and_after_each_other_over_the_holidays() -> None:
    steps = [
        step("a", "open", 1),
        step("b", before=["a"]),
        step("c", days=5, before=["a"]),
        step("d", days=1, before=["b", "c"]),
    ]
    assert expected(CALENDAR, steps, TODAY) == {
        "a": Span(day(9, 28), day(9, 29)),
        "b": Span(day(9, 29), day(10, 9)),
        "c": Span(day(9, 29), day(10, 12)),
        "d": Span(day(10, 12), day(10, 13)),
    }


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ({"due_on": day(10, 9)}, day(10, 9)),
        ({"due_on": day(9, 24)}, TODAY),  # overdue: today at the earliest
        ({"stops": [Stop(day(9, 24))]}, day(9, 30)),  # stands: two of three days are left
    ],
)
def test_running_step_is_expected_by_its_limit(told: dict[str, Any], until: date) -> None:
    running = step("a", "running", 3, clock_from_on=day(9, 22), **told)
    assert expected(CALENDAR, [running], TODAY)["a"] == Span(day(9, 22), until)


def test_what_is_over_is_expected_no_more_and_lets_others_begin() -> None:
    steps = [
        step("a", "closed", decided_on=day(9, 25)),
        step("b", "waived", before=["a"]),
        step("c", days=1, before=["b"]),
    ]
    assert expected(CALENDAR, steps, TODAY) == {"c": Span(TODAY, day(9, 29))}


def test_bars_tell_of_waiting_running_and_standing_still() -> None:
    running = step(
        "a",
        "running",
        10,
        submitted_on=day(9, 16),
        clock_from_on=day(9, 18),
        due_on=day(10, 14),
        stops=[Stop(day(9, 22), day(9, 23))],
    )
    row = drawn(running, colours={"a": "amber"}).rows[0]
    assert [(bar.kind, bar.days) for bar in row.bars] == [
        ("submitted", Span(day(9, 16), day(9, 18))),
        ("bar-amber", Span(day(9, 18), TODAY)),
        ("stopped", Span(day(9, 22), day(9, 23))),
        ("awaited", Span(TODAY, day(10, 14))),
    ]
    assert row.due_x


def test_link_leads_from_the_end_of_one_to_the_start_of_the_other() -> None:
    picture = drawn(
        step("a", "closed", submitted_on=day(9, 1), clock_from_on=day(9, 1), decided_on=day(9, 8)),
        step("b", before=["a"]),
    )
    link = picture.links[0]
    assert link.is_open
    assert float(link.x_from[:-1]) < float(link.x_to[:-1])
    assert (link.y_from, link.y_to) == (picture.rows[0].y + 28, picture.rows[1].y + 21)


def test_everything_lies_within_the_width() -> None:
    picture = drawn(*(step(f"s{n}", "open", n * 20) for n in range(1, 6)))
    for row in picture.rows:
        for bar in row.bars:
            assert 0 <= float(bar.x[:-1]) <= 100
            assert float(bar.x[:-1]) + float(bar.width[:-1]) <= 100.5


def test_plan_without_steps_has_no_drawing() -> None:
    assert chart([], {}, TODAY, {}).rows == []


@pytest.mark.parametrize(
    ("first", "last", "ticks"),
    [
        (day(9, 1), day(9, 30), [day(9, 7), day(9, 14), day(9, 21), day(9, 28)]),
        (day(9, 15), day(12, 15), [day(10, 1), day(11, 1), day(12, 1)]),
    ],
)
def test_scale_has_weeks_or_months(first: date, last: date, ticks: list[date]) -> None:
    assert tick_days(first, last) == ticks


def test_long_scale_has_no_more_labels_than_fit() -> None:
    assert len(tick_days(day(1, 1), date(2029, 12, 31))) <= 9
