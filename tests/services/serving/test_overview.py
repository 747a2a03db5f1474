"""Services in the mayor's overview, reckoned by hand from `tests.services.serving.world`."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from kfq_crm.base.models import User
from kfq_crm.overview.api.answer import overview_of
from kfq_crm.overview.api.asking import Asked
from leads.models import Commitment, Contract, DisclosureRule, Lead
from services.models import Question
from tests.cast import RULES_SINCE
from tests.leads.promising import a_promise, judge
from tests.services.serving.world import Serving

pytestmark = pytest.mark.django_db
NOW = "2026-11-01T10:00:00+08:00"


def told(user: User, day: str = "", **asked: Any) -> dict[str, Any]:
    with time_machine.travel(NOW, tick=False):
        fresh = User.objects.get(pk=user.pk)
        as_of = date.fromisoformat(day) if day else None
        found: dict[str, Any] = overview_of(fresh, Asked(as_of, asked.pop("year", 2026), **asked))[
            "figures"
        ]
    return found


def row(*values: Any) -> dict[str, Any]:
    return dict(zip(("decided", "in_time", "percent", "median_days"), values, strict=True))


def test_departments_are_told_as_a_hand_reckons(serving: Serving) -> None:
    found = told(serving.office.cast.coordinator)
    assert found["steps_on_time"]["total"] == {
        **row(5, 3, 60.0, 2.0),
        "departments": [
            {
                "department": "housing",
                "name": "住房和城乡建设局",
                **row(3, 2, 66.7, 1.0),
            },
            {"department": "fire", "name": "消防救援大队", **row(2, 1, 50.0, 10.5)},
        ],
    }
    steps = found["step_days"]["total"]["steps"]
    assert [(one["step"], one["name"], one["decided"], one["median_days"]) for one in steps] == [
        ("environment", "环评审批", 2, 10.5),
        ("planning", "规划许可", 1, 14.0),
        ("register", "项目备案", 2, 0.5),
    ]
    assert found["deemed_grants"]["total"] == {"grants": 1, "set_aside": 0}


def test_questions_and_ratings_are_told(serving: Serving) -> None:
    found = told(serving.office.cast.coordinator)
    questions = found["questions_on_time"]["total"]
    assert (questions["fed_back"], questions["in_time"], questions["percent"]) == (3, 2, 66.7)
    departments = [(one["department"], one["in_time"]) for one in questions["departments"]]
    assert departments == [("housing", 1), ("fire", 1)]
    assert found["satisfaction"]["total"] == {"rated": 2, "mean": 3.5, "low": 1, "percent": 50.0}


def test_past_day_knows_nothing_of_what_came_later(serving: Serving) -> None:
    found = told(serving.office.cast.coordinator, "2026-10-01")
    assert found["steps_on_time"]["total"]["decided"] == 2
    assert found["deemed_grants"]["total"]["grants"] == 0
    assert found["questions_on_time"]["total"]["fed_back"] == 2
    assert found["satisfaction"]["total"]["rated"] == 0


@pytest.mark.parametrize(
    ("by", "steps", "questions"),
    [
        ("month", {"2026-09": 2, "2026-10": 3}, {"2026-09": 2, "2026-10": 1}),
        ("chain", {"aerospace": 5}, {None: 3}),
        ("outpost", {None: 5}, {None: 3}),
    ],
)
def test_groups_add_up_to_the_total(
    serving: Serving, by: str, steps: dict[Any, int], questions: dict[Any, int]
) -> None:
    found = told(serving.office.cast.coordinator, by=by)
    groups = found["steps_on_time"]["groups"]
    assert {group["key"]: group["decided"] for group in groups} == steps
    groups = found["questions_on_time"]["groups"]
    assert {group["key"]: group["fed_back"] for group in groups} == questions


def test_another_year_is_empty(serving: Serving) -> None:
    found = told(serving.office.cast.coordinator, year=2025)
    assert found["steps_on_time"]["total"] == {**row(0, 0, None, None), "departments": []}
    assert found["satisfaction"]["total"]["mean"] is None


# --- Who is told of what ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "steps", "questions"),
    [
        ("coordinator", 5, 3),
        ("member_a", 5, 0),
        ("chain_leader_a", 5, 0),
        ("member_b", 0, 0),
    ],
)
def test_everybody_is_told_of_the_own_leads(
    serving: Serving, who: str, steps: int, questions: int
) -> None:
    found = told(getattr(serving.office.cast, who))
    assert found["steps_on_time"]["total"]["decided"] == steps
    assert found["questions_on_time"]["total"]["fed_back"] == questions


def test_question_about_a_lead_is_its_teams(serving: Serving) -> None:
    lead = Lead.objects.visible_to(serving.office.cast.member_a).filter(confidential=False)[0]
    first = Question.objects.order_by("pk")[0]
    Question.objects.filter(pk=first.pk).update(lead=lead)
    cast = serving.office.cast
    assert told(cast.member_a)["questions_on_time"]["total"]["fed_back"] == 1
    assert told(cast.member_b)["questions_on_time"]["total"]["fed_back"] == 0
    Question.objects.filter(pk=first.pk).update(confidential=True)
    assert told(cast.member_a)["questions_on_time"]["total"]["fed_back"] == 0
    assert told(cast.coordinator)["questions_on_time"]["total"]["fed_back"] == 2


def test_confidential_leads_are_left_out_of_shares_and_merged_in_counts(serving: Serving) -> None:
    DisclosureRule.objects.create(valid_from=RULES_SINCE, fewest=2)
    for plan in (serving.first, serving.second):
        contract = plan.project.contract
        assert contract
        Lead.objects.filter(pk=contract.lead_id).update(confidential=True, code_name="启明")
    cast = serving.office.cast
    assert told(cast.coordinator)["steps_on_time"]["total"]["decided"] == 0
    assert told(cast.coordinator)["deemed_grants"]["total"]["grants"] == 0  # one is too few
    assert told(cast.member_a)["deemed_grants"]["total"]["grants"] == 1


# --- Promises ---------------------------------------------------------------------------------


def test_promises_kept_are_told_by_side(serving: Serving) -> None:
    cast = serving.office.cast
    contract = serving.first.project.contract
    assert contract
    Contract.objects.filter(pk=contract.pk).update(signed_on=date(2025, 1, 2))
    contract.refresh_from_db()
    with time_machine.travel(NOW, tick=False):
        kept = _promise(contract, cast.member_a, "2026-06-30")
        partly = _promise(contract, cast.member_a, "2026-07-31")
        early = _promise(contract, cast.member_a, "2027-06-30", side="zone")
        released = _promise(contract, cast.member_a, "2026-03-31", side="zone")
        _promise(contract, cast.member_a, "2026-05-31", side="zone")  # nobody judged it
        _promise(contract, cast.member_a, "2026-12-31")  # still to come
        for promise, verdict in (
            (kept, "met"),
            (partly, "partly"),
            (early, "met"),
            (released, "released"),
        ):
            judge(promise, verdict, cast.coordinator, actual=Decimal(300), judged_on=_judged())
    found = told(cast.coordinator)["promises_kept"]["total"]["sides"]
    assert [(one["side"], one["due"], one["kept"], one["percent"]) for one in found] == [
        ("investor", 2, 1, 50.0),
        ("zone", 2, 1, 50.0),
    ]
    before = told(cast.coordinator, "2026-10-01")["promises_kept"]["total"]["sides"]
    assert [(one["due"], one["kept"]) for one in before] == [(2, 0), (2, 0)]


def _judged() -> date:
    return date(2026, 10, 31)


def _promise(contract: Contract, by: User, due_on: str, **values: Any) -> Commitment:
    return a_promise(contract, by, due_on=date.fromisoformat(due_on), **values)
