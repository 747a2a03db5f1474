"""Monthly progress against the plan: reports, the curve, how far behind, promised intervals."""

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from PIL import Image

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.workdays import WorkCalendar
from leads.actions.landing import meet_milestone, open_project, plan_milestone
from leads.actions.progress import correct_progress, plan_progress, report_progress
from leads.admin.progress_chart import drawings
from leads.intervals import Interval, Promise
from leads.landing_queries import (
    ProgressClock,
    behind_plan,
    reports_missing,
    standing_of,
    with_progress,
)
from leads.landing_rulebook import Promises
from leads.models import (
    Attachment,
    LagRule,
    LandedProject,
    PlannedProgress,
    ProgressReport,
    ProgressRule,
    ServicePromise,
)
from leads.progress import Light, plan_between, report_months
from leads.stages import Stage
from tests.cast import RULES_SINCE, Cast
from tests.factories import a_uscc, counted_contract, lead_in, open_milestone_gate

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
CODE = "2603-321282-04-01-123456"
PHOTO = BytesIO()
Image.new("RGB", (2, 2)).save(PHOTO, "JPEG")


@pytest.fixture(autouse=True)
def _today(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def landing_rules(db: None) -> None:
    LagRule.objects.create(valid_from=RULES_SINCE, yellow_from=10, red_over=30)
    ProgressRule.objects.create(valid_from=RULES_SINCE, due_day=5)


def started(cast: Cast, day: date = date(2026, 6, 10)) -> LandedProject:
    """Works begun on that day, planned from June 2026 to March 2027."""
    by = cast.member_a
    lead = lead_in(Stage.SIGNED, by=by, uscc=a_uscc(1))
    project = open_project(contract=counted_contract(lead), by=by)
    for kind, planned in (("started", date(2026, 6, 1)), ("completed", date(2027, 3, 31))):
        plan_milestone(project=project, kind=kind, planned_on=planned, by=by)
    for kind, on in (("registered", day), ("land", day), ("started", day)):
        typed = open_milestone_gate(project, kind, by=by, day=on)
        told = {"evidence": "批文", "project_code": CODE, **typed}
        meet_milestone(project=project, kind=kind, actual_on=on, by=by, **told)
    return LandedProject.objects.get(pk=project.pk)


def report(project: LandedProject, by: Any, month: str = "2026-10-01", **values: Any) -> Any:
    told = {"percent": Decimal(20), "invested": Decimal(900), "summary": "承台施工", **values}
    return report_progress(project=project, month=date.fromisoformat(month), by=by, **told)


def refusal_of(call: Any) -> tuple[str, str | None]:
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code, refusal.value.field


def standing(project: LandedProject) -> Any:
    clock = ProgressClock.on(NOW.date())
    return standing_of(with_progress(LandedProject.objects.all(), clock).get(pk=project.pk), clock)


# --- Reports --------------------------------------------------------------------------------


def test_report_stands_once_a_month_with_its_photos(cast: Cast) -> None:
    project, by = started(cast), cast.member_a
    photo = SimpleUploadedFile("现场\n一.jpg", PHOTO.getvalue(), "image/jpeg")
    row = report(project, by, "2026-10-17", photos=[photo])
    assert (row.month, row.reported_by) == (date(2026, 10, 1), by)
    kept = Attachment.objects.get(progress_report=row)
    assert (kept.name, kept.lead) == ("现场一.jpg", project.contract.lead)
    assert refusal_of(lambda: report(project, by)) == ("reported", "month")
    with pytest.raises(IntegrityError), transaction.atomic():
        ProgressReport.objects.create(
            project=project, month=row.month, percent=1, invested=1, reported_by=by, reported_at=NOW
        )


BAD_REPORTS = {
    "month to come": ({"month": "2026-12-01"}, "in_future", "month"),
    "before the start": ({"month": "2026-05-01"}, "before_start", "month"),
    "over a hundred": ({"percent": Decimal("100.01")}, "percent", "percent"),
    "below nothing": ({"percent": Decimal(-1)}, "percent", "percent"),
    "not a number": ({"percent": Decimal("NaN")}, "percent", "percent"),
    "falls": ({"percent": Decimal(9)}, "falls", "percent"),
    "above a later one": (
        {"month": "2026-07-01", "percent": Decimal(11)},
        "above_later",
        "percent",
    ),
    "money comes back": ({"invested": Decimal(99)}, "falls", "invested"),
    "negative money": ({"invested": Decimal(-1)}, "invested", "invested"),
    "no words": ({"summary": " \n"}, "blank", "summary"),
    "words too long": ({"summary": "长" * 1001}, "max_length", "summary"),
    "not a photo": (
        {"photos": [SimpleUploadedFile("a.jpg", b"MZ\x90", "image/jpeg")]},
        "file_content",
        "file",
    ),
    "a program": ({"photos": [SimpleUploadedFile("a.exe", b"MZ", "x")]}, "file_kind", "file"),
}


@pytest.mark.parametrize("name", BAD_REPORTS)
def test_bad_report_is_refused_at_its_field_and_leaves_nothing(cast: Cast, name: str) -> None:
    values, code, field = BAD_REPORTS[name]
    project, by = started(cast), cast.member_a
    report(project, by, "2026-08-01", percent=Decimal(10), invested=Decimal(100))
    assert refusal_of(lambda: report(project, by, **values)) == (code, field)
    assert project.progress_reports.count() == 1
    assert not Attachment.objects.exists()


def test_report_is_corrected_within_its_neighbours(cast: Cast) -> None:
    project, by = started(cast), cast.member_a
    report(project, by, "2026-08-01", percent=Decimal(10))
    row = report(project, by, "2026-09-01", percent=Decimal(15))
    report(project, by, "2026-10-01", percent=Decimal(20))
    for percent, code in ((9, "falls"), (21, "above_later")):
        values = {"percent": Decimal(percent)}
        refused = refusal_of(lambda v=values: correct_progress(report=row, values=v, by=by))
        assert refused == (code, "percent")
    assert correct_progress(report=row, values={"percent": Decimal(20)}, by=by).version == 2
    assert row.history.count() == 2


def test_nothing_is_reported_before_works_start(cast: Cast) -> None:
    lead = lead_in(Stage.SIGNED, by=cast.member_a, uscc=a_uscc(1))
    project = open_project(contract=counted_contract(lead), by=cast.member_a)
    assert refusal_of(lambda: report(project, cast.member_a))[0] == "not_started"


# --- The plan -------------------------------------------------------------------------------


def test_plan_runs_straight_between_what_was_typed() -> None:
    typed = {date(2026, 2, 1): Decimal(10), date(2025, 1, 1): Decimal(50)}
    plan = plan_between(date(2026, 1, 20), date(2026, 4, 2), typed)
    assert plan == {
        date(2026, 1, 1): Decimal("5.00"),
        date(2026, 2, 1): Decimal("10.00"),
        date(2026, 3, 1): Decimal("55.00"),
        date(2026, 4, 1): Decimal("100.00"),
    }
    one = plan_between(date(2026, 1, 20), date(2026, 1, 25), {})
    assert one == {date(2026, 1, 1): Decimal(100)}


def test_plan_is_drawn_with_start_and_completion_and_anew_when_they_move(cast: Cast) -> None:
    project, by = started(cast), cast.member_a
    assert project.planned_progress.count() == 10
    plan_progress(project=project, typed={date(2026, 9, 1): Decimal(20)}, by=by)
    assert project.planned_progress.get(month="2026-09-01").is_typed
    moved = {"project": project, "kind": "completed", "planned_on": date(2027, 5, 31), "by": by}
    assert refusal_of(lambda: plan_milestone(**moved)) == ("reason_missing", "reason")
    row = plan_milestone(**moved, reason="雨季停工")
    assert (row.first_planned_on, row.plan_reason) == (date(2027, 3, 31), "雨季停工")
    assert project.planned_progress.count() == 12
    assert project.planned_progress.get(month="2026-09-01").percent == 20
    plan_milestone(**{**moved, "planned_on": None}, reason="停建")
    assert not project.planned_progress.exists()


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({date(2026, 5, 1): Decimal(1)}, "outside_plan"),
        ({date(2027, 3, 1): Decimal(99)}, "outside_plan"),
        ({date(2026, 8, 1): Decimal(101)}, "plan_falls"),
        ({date(2026, 8, 1): Decimal(30), date(2026, 9, 1): Decimal(29)}, "plan_falls"),
    ],
)
def test_plan_that_makes_no_sense_is_refused(cast: Cast, typed: Any, code: str) -> None:
    project = started(cast)
    refused = refusal_of(lambda: plan_progress(project=project, typed=typed, by=cast.member_a))
    assert refused == (code, "points")
    assert not PlannedProgress.objects.filter(is_typed=True).exists()


def test_completion_is_not_planned_before_the_start(cast: Cast) -> None:
    early = {"kind": "completed", "planned_on": date(2026, 5, 31), "reason": "赶工"}
    refused = refusal_of(lambda: plan_milestone(project=started(cast), by=cast.member_a, **early))
    assert refused == ("plan_order", "planned_on")


# --- Behind the plan ------------------------------------------------------------------------


@pytest.mark.usefixtures("landing_rules")
@pytest.mark.parametrize(
    ("percent", "light"),
    # Planned at the end of October: 50
    [
        ("60", Light.ON_PLAN),
        ("40.01", Light.ON_PLAN),
        ("40", Light.BEHIND),
        ("20", Light.BEHIND),
        ("19.99", Light.FAR_BEHIND),
    ],
)
def test_lag_has_the_colours_of_the_rule_at_their_borders(
    cast: Cast, percent: str, light: Light
) -> None:
    project = started(cast)
    report(project, cast.member_a, percent=Decimal(percent))
    found = standing(project)
    assert (found.light, found.planned, found.month) == (light, Decimal(50), date(2026, 10, 1))
    clock = ProgressClock.on(NOW.date())
    late = behind_plan(with_progress(LandedProject.objects.all(), clock), clock)
    assert (project in late) == (light in (Light.BEHIND, Light.FAR_BEHIND))
    assert str(light.label) in found.words


@pytest.mark.usefixtures("landing_rules")
def test_silence_does_not_hide_a_lag(cast: Cast, time_machine: Any) -> None:
    project = started(cast)
    report(project, cast.member_a, "2026-07-01", percent=Decimal(20))
    assert (standing(project).month, standing(project).light) == (date(2026, 10, 1), Light.BEHIND)
    time_machine.move_to(datetime(2026, 11, 5, 20, tzinfo=ZoneInfo("Asia/Shanghai")), tick=False)
    clock = ProgressClock.on(date(2026, 11, 5))
    row = with_progress(LandedProject.objects.all(), clock).get()
    assert standing_of(row, clock).month == date(2026, 9, 1)  # October's may still come today


@pytest.mark.usefixtures("landing_rules")
def test_works_that_are_due_and_not_begun_stand_at_nothing(cast: Cast) -> None:
    by = cast.member_a
    lead = lead_in(Stage.SIGNED, by=by, uscc=a_uscc(1))
    project = open_project(contract=counted_contract(lead), by=by)
    assert standing(project).light == Light.NO_PLAN
    for kind, day in (("started", date(2026, 12, 1)), ("completed", date(2027, 12, 1))):
        plan_milestone(project=project, kind=kind, planned_on=day, by=by)
    assert standing(project).light == Light.NOT_YET
    plan_milestone(
        project=project, kind="started", planned_on=date(2026, 2, 1), by=by, reason="提前"
    )
    assert standing(project).light == Light.FAR_BEHIND


@pytest.mark.parametrize(
    ("today", "due_day", "ended", "due"),
    [
        ("2026-11-05", 5, "2026-10-01", "2026-09-01"),
        ("2026-11-06", 5, "2026-10-01", "2026-10-01"),
        ("2027-01-03", 5, "2026-12-01", "2026-11-01"),
        ("2027-01-01", None, "2026-12-01", "2026-12-01"),
    ],
)
def test_months_that_are_over_and_due(today: str, due_day: Any, ended: str, due: str) -> None:
    months = report_months(date.fromisoformat(today), due_day)
    assert (months.ended.isoformat(), months.due.isoformat()) == (ended, due)


def test_reports_are_missed_of_projects_under_construction_alone(cast: Cast) -> None:
    project, october = started(cast), date(2026, 10, 1)
    rows = LandedProject.objects.all()
    assert list(reports_missing(rows, october)) == [project]
    assert not reports_missing(rows, date(2026, 5, 1)).exists()
    report(project, cast.member_a)
    assert not reports_missing(rows, october).exists()
    # Whoever reported a later month is not asked for one before it
    assert not reports_missing(rows, date(2026, 9, 1)).exists()


# --- The curve ------------------------------------------------------------------------------


def test_curve_is_drawn_for_a_desk_and_for_a_phone(cast: Cast) -> None:
    project = started(cast)
    row = report(project, cast.member_a)
    plan = dict(project.planned_progress.values_list("month", "percent"))
    wide, narrow = drawings(plan, [row], NOW.date())
    assert (wide.frame.width, narrow.frame.width) == (760, 340)
    assert [mark.percent for mark in wide.marks] == ["20"]
    for drawing in (wide, narrow):
        points = [tuple(map(float, point.split(","))) for point in drawing.planned.split()]
        assert len(points) == 11
        assert points[0] == (drawing.frame.left, drawing.bottom)
        assert points[-1] == (drawing.right, drawing.frame.top)
        assert len(drawing.months) <= drawing.frame.labels
    assert drawings({}, [], NOW.date()) == []


# --- Promised intervals ---------------------------------------------------------------------


def interval(began: date | None, ended: date | None, limit: int | None = 2) -> Interval:
    promise = Promise(limit, is_inferred=True) if limit else None
    return Interval("拿地即开工", began, ended, promise, WorkCalendar(), date(2026, 11, 23))


@pytest.mark.parametrize(
    ("began", "ended", "spent", "colour"),
    [
        # National Day 2026: 1–7 October off, 10 October made up
        (date(2026, 9, 30), date(2026, 10, 9), 2, "green"),
        (date(2026, 9, 30), date(2026, 10, 10), 3, "red"),
        (date(2026, 11, 20), None, 1, "grey"),
        (date(2026, 11, 19), None, 2, "amber"),
        (date(2026, 11, 18), None, 3, "red"),
        (None, None, None, "grey"),
        (date(2026, 11, 23), date(2026, 11, 23), 0, "green"),
    ],
)
def test_interval_counts_working_days_against_its_promise(
    began: Any, ended: Any, spent: Any, colour: str
) -> None:
    found = interval(began, ended)
    assert (found.spent, found.colour) == (spent, colour)
    assert found.words


def test_interval_beyond_the_published_calendar_says_so() -> None:
    assert not interval(date(2026, 11, 20), None).is_provisional
    assert interval(date(2026, 12, 30), date(2027, 1, 4)).is_provisional


def test_promise_is_that_of_the_day_on_which_the_interval_began() -> None:
    for since, days in ((date(2024, 1, 1), 2), (date(2026, 6, 1), 5)):
        ServicePromise.objects.create(
            valid_from=since, interval="start_on_land", working_days=days, inferred=True
        )
    promises = Promises()
    assert promises.on("start_on_land", date(2023, 12, 31)) is None
    assert promises.on("start_on_land", date(2026, 5, 31)) == Promise(2, is_inferred=True)
    assert promises.on("start_on_land", date(2026, 6, 1)) == Promise(5, is_inferred=True)
    assert promises.on("land_on_signing", NOW.date()) is None


# --- Speed ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("landing_rules")
def test_standing_of_many_projects_is_one_statement(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    with transaction.atomic():
        LandedProject.objects.bulk_create(
            LandedProject(name=f"项目{n}", source="二.1", chain=cast.chain_a) for n in range(50)
        )
    clock = ProgressClock.on(NOW.date())
    with django_assert_num_queries(1):
        rows = list(with_progress(LandedProject.objects.all(), clock))
        assert {standing_of(row, clock).light for row in rows} == {Light.NO_PLAN}
