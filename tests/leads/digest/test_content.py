"""What a digest says: each change in exactly one week, overdue by name, figures, targets."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from chains.models import AnnualTarget, Metric, Scope
from leads.actions.landing import open_project
from leads.actions.pipeline import advance_lead, exit_lead
from leads.digest.engine import make_digests
from leads.digest.period import Period
from leads.models import EscalationStep, Lead, Milestone, Reminder, Role, Via
from tests.cast import Cast
from tests.factories import counted_contract, follow_up, lead_in, log_a_lead, screen
from tests.leads.digest.asking import a_blocker
from tests.leads.digest.weeks import a_rule, clock, content, mails_of, names

pytestmark = pytest.mark.django_db

WEEKS = ["2026-W51", "2026-W52", "2026-W53", "2027-W01", "2027-W02"]


@pytest.fixture(autouse=True)
def rule(cast: Cast) -> None:
    a_rule()


def told(cast: Cast, code: str, now: str) -> dict[str, Any]:
    return content(cast.chain_leader_a, cast.chain_a, code, now)


def moved_in(cast: Cast, code: str) -> dict[str, set[str]]:
    """The names told in each part, as of long after."""
    part = told(cast, code, "2027-01-25T08:00")["moved"]
    return {name: names(part[name]) for name in ("new", "progress", "problems")}


# --- Each change in exactly one week --------------------------------------------------------

MOMENTS = [
    "2026-12-20T23:59:59",
    "2026-12-21T00:00:00",
    "2026-12-27T23:59:59",
    "2026-12-28T00:00:00",
    "2026-12-31T23:59:59",
    "2027-01-01T00:00:00",
    "2027-01-03T23:59:59",
    "2027-01-04T00:00:00",
    "2027-01-10T23:59:59",
]


def test_every_change_falls_into_exactly_one_week(cast: Cast) -> None:
    expected: dict[str, dict[str, set[str]]] = {
        code: {"new": set(), "progress": set(), "problems": set()} for code in WEEKS
    }
    for place, moment in enumerate(MOMENTS):
        with clock(moment):
            lead = log_a_lead(by=cast.member_a, title=f"项目{place}")
            a_blocker(lead, cast.member_a)
            follow_up(lead, by=cast.member_a, is_progress=True)
            code = Period.of(timezone.localdate()).code
        for part in expected[code].values():
            part.add(f"项目{place}")
    assert {code: moved_in(cast, code) for code in WEEKS} == expected


def test_what_is_logged_later_is_told_in_the_week_of_logging(cast: Cast) -> None:
    with clock("2026-12-21T09:00"):
        lead = log_a_lead(by=cast.member_a, title="甲")
    with clock("2027-01-05T09:00"):
        friday = timezone.now() - timedelta(days=4)
        follow_up(lead, by=cast.member_a, is_progress=True, occurred_at=friday)
    assert moved_in(cast, "2026-W53")["progress"] == set()
    assert moved_in(cast, "2027-W01")["progress"] == {"甲"}


def test_later_writing_to_a_lead_keeps_its_earlier_changes_in_their_week(cast: Cast) -> None:
    with clock("2026-12-22T09:00"):
        lead = log_a_lead(by=cast.member_a, title="甲")
        follow_up(lead, by=cast.member_a, is_progress=True)
    with clock("2027-01-13T09:00"):
        follow_up(lead, by=cast.member_a)
    assert moved_in(cast, "2026-W52")["progress"] == {"甲"}
    assert moved_in(cast, "2027-W02") == {"new": set(), "progress": set(), "problems": set()}


def test_moves_and_exits_are_told_with_their_stages_and_reasons(cast: Cast) -> None:
    with clock("2026-12-22T09:00"):
        onward = log_a_lead(by=cast.member_a, title="前进")
        lost = log_a_lead(by=cast.member_a, title="流失")
    with clock("2026-12-29T09:00"):
        screen(onward, by=cast.member_a)
        advance_lead(lead=onward, by=cast.member_a)
        exit_lead(lead=lost, exit="lost", reason="answer_too_slow", by=cast.member_a)
    part = told(cast, "2026-W53", "2027-01-04T08:00")["moved"]
    assert [item["lines"] for item in part["progress"]["items"]] == [["线索 → 研判"]]
    ((line,),) = [item["lines"] for item in part["problems"]["items"]]
    assert "答复太慢" in line


def test_week_without_change_says_so(cast: Cast) -> None:
    with clock("2026-12-21T08:00"):
        make_digests()
    assert told(cast, "2026-W51", "2026-12-21T08:00")["moved"]["is_quiet"]
    (mail,) = mails_of(cast.chain_leader_a)
    assert "没有变化" in mail.text
    assert "没有变化" in mail.html


def test_other_chains_changes_are_not_told(cast: Cast) -> None:
    with clock("2026-12-22T09:00"):
        log_a_lead(by=cast.member_b, title="乙链项目", secondary_chains=[cast.chain_a])
        log_a_lead(by=cast.member_a, title="甲链项目")
    assert moved_in(cast, "2026-W52")["new"] == {"甲链项目"}


def test_long_lists_are_cut_and_say_how_many_more(cast: Cast) -> None:
    with clock("2026-12-22T09:00"):
        for place in range(8):
            log_a_lead(by=cast.member_a, title=f"项目{place}")
    part = told(cast, "2026-W52", "2026-12-28T08:00")["moved"]["new"]
    assert (len(part["items"]), part["total"], part["more"]) == (6, 8, 2)


# --- What stands open -----------------------------------------------------------------------


def test_overdue_is_told_by_name_and_working_days_the_longest_first(cast: Cast) -> None:
    with clock("2026-12-14T09:00"):
        for title, day in (("短", date(2026, 12, 24)), ("长", date(2026, 12, 16))):
            log_a_lead(by=cast.member_a, title=title, next_action="约谈", next_action_on=day)
        log_a_lead(
            by=cast.member_a,
            title="未到期",
            next_action="约谈",
            next_action_on=date(2026, 12, 28),
        )
    part = told(cast, "2026-W52", "2026-12-28T08:00")["overdue"]
    assert [(item["name"], item["days"]) for item in part["items"]] == [("长", 8), ("短", 2)]
    assert part["total"] == 2


def test_what_was_escalated_to_the_leader_by_digest_is_marked(cast: Cast) -> None:
    with clock("2026-12-14T09:00"):
        lead = log_a_lead(by=cast.member_a, title="升级的")
        EscalationStep.objects.create(
            valid_from=date(2020, 1, 1), offset=5, role=Role.LEADER, via=Via.DIGEST
        )
        Reminder.objects.create(
            rule="first_response",
            subject_id=lead.pk,
            revision=1,
            level=5,
            recipient=cast.chain_leader_a,
            lead=lead,
            due_on=date(2026, 12, 15),
            via=Via.DIGEST,
            recorded_on=date(2026, 12, 22),
        )
        Lead.objects.update(next_action_on=None)
    (item,) = told(cast, "2026-W52", "2026-12-28T08:00")["overdue"]["items"]
    assert (item["name"], item["is_escalated"]) == ("升级的", True)
    assert item["what"] == "新线索首次响应"


def test_coming_week_tells_steps_and_blockers_in_the_order_of_days(cast: Cast) -> None:
    with clock("2026-12-22T09:00"):
        late = log_a_lead(
            by=cast.member_a, title="周四", next_action="签约", next_action_on=date(2027, 1, 7)
        )
        log_a_lead(
            by=cast.member_a, title="周一", next_action="来访", next_action_on=date(2027, 1, 4)
        )
        log_a_lead(
            by=cast.member_a, title="下下周", next_action="x", next_action_on=date(2027, 1, 11)
        )
        a_blocker(late, cast.member_a, days=15, what="地块")
    part = told(cast, "2026-W53", "2027-01-04T08:00")["coming"]
    assert (part["first"], part["last"]) == ("2027-01-04", "2027-01-10")
    assert [(item["name"], item["what"]) for item in part["items"]] == [
        ("周一", "来访"),
        ("周四", "地块"),
        ("周四", "签约"),
    ]


def test_figures_are_compared_with_the_week_before(cast: Cast) -> None:
    with clock("2026-12-15T09:00"):
        for _number in range(3):
            log_a_lead(by=cast.member_a)
    with clock("2026-12-21T08:00"):
        make_digests()
    with clock("2026-12-22T09:00"):
        log_a_lead(by=cast.member_a)
    rows = told(cast, "2026-W52", "2026-12-28T08:00")["figures"]["rows"]
    found = {row["code"]: (row["now"], row["change"]) for row in rows}
    assert found["new"] == (1, -2)
    assert found["open"] == (4, 1)


def test_first_digest_knows_no_earlier_stand(cast: Cast) -> None:
    rows = told(cast, "2026-W52", "2026-12-28T08:00")["figures"]["rows"]
    assert {row["code"]: row["change"] for row in rows}["open"] is None


# --- Targets --------------------------------------------------------------------------------


def test_targets_of_the_chain_with_what_was_reached(cast: Cast) -> None:
    with clock("2026-12-22T09:00"):
        lead_in("signed", by=cast.member_a)
        metric = Metric.objects.create(code="signings", name="签约项目数")
        AnnualTarget.objects.create(
            year=2026, scope=Scope.CHAIN, chain=cast.chain_a, metric=metric, value=4
        )
    part = told(cast, "2026-W52", "2026-12-28T08:00")["targets"]
    rows = {row["code"]: (row["name"], row["reached"], row["percent"]) for row in part["rows"]}
    assert (part["year"], part["has_targets"]) == (2026, True)
    assert rows["signings"] == ("签约项目数", 1, 25)
    assert rows["projects-started"][1:] == (0, None)


def test_year_of_the_targets_is_that_of_the_week_s_sunday(cast: Cast) -> None:
    assert told(cast, "2026-W52", "2026-12-28T08:00")["targets"]["year"] == 2026
    assert told(cast, "2026-W53", "2027-01-04T08:00")["targets"]["year"] == 2027


def test_milestone_is_told_in_the_week_it_was_recorded(cast: Cast) -> None:
    with clock("2026-12-15T09:00"):
        lead = lead_in("signed", by=cast.member_a, title="落地项目")
        project = open_project(contract=counted_contract(lead), by=cast.member_a)
    with clock("2027-01-05T09:00"):
        Milestone.objects.filter(project=project).delete()
        Milestone.objects.create(
            project=project,
            kind="started",
            is_reached=True,
            actual_on=date(2026, 12, 30),
            recorded_at=timezone.now(),
        )
    assert moved_in(cast, "2026-W53")["progress"] == set()
    assert moved_in(cast, "2027-W01")["progress"] == {project.name}
