"""The evidence of the gates: verdicts, opinions, minutes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from kfq_crm.base.errors import RuleViolation
from leads.actions.reviews import DIMENSIONS, record_opinion, record_review, record_screening
from leads.models import DepartmentOpinion, JointReview, Lead, Screening
from leads.permissions import NotAllowed
from leads.queries import facts_of
from tests.cast import Cast
from tests.factories import give_opinion, log_a_lead, screen

TODAY = timezone.localdate()
TOMORROW = TODAY + timedelta(days=1)
SCREENING = {"verdict": "follow", **dict.fromkeys(DIMENSIONS, "符合")}
OPINION = {
    "department": "land",
    "verdict": "agree",
    "text": "同意",
    "given_by": "资规局",
    "given_on": TODAY,
}
REVIEW = {"held_on": TODAY, "attendees": "各部门", "conclusion": "通过"}


@pytest.fixture
def lead(cast: Cast) -> Lead:
    return log_a_lead(by=cast.member_a)


def refused(verb: Any, lead: Lead, by: Any, **values: Any) -> str | None:
    with pytest.raises(RuleViolation) as refusal:
        verb(lead=lead, by=by, **values)
    assert not Screening.objects.exists()
    assert not DepartmentOpinion.objects.exists()
    assert not JointReview.objects.exists()
    assert Lead.objects.get().version == 1
    return refusal.value.field


def test_screening_records_who_judged_and_when(cast: Cast, lead: Lead) -> None:
    verdict = record_screening(lead=lead, by=cast.second_member_a, **SCREENING)
    assert (verdict.judged_by, verdict.judged_on) == (cast.second_member_a, TODAY)
    assert facts_of(lead).verdict == "follow"


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("judgement", ["", " ", None])
def test_screening_wants_all_six_judgements(
    cast: Cast, lead: Lead, dimension: str, judgement: str | None
) -> None:
    values = {**SCREENING, dimension: judgement}
    assert refused(record_screening, lead, cast.member_a, **values) == dimension


@pytest.mark.parametrize(
    ("verb", "values", "field"),
    [
        (record_screening, {**SCREENING, "verdict": "maybe"}, "verdict"),
        (record_screening, {**SCREENING, "judged_on": TOMORROW}, "judged_on"),
        (record_screening, {**SCREENING, "market": "长" * 201}, "market"),
        (record_opinion, {**OPINION, "department": "weather"}, "department"),
        (record_opinion, {**OPINION, "verdict": ""}, "verdict"),
        (record_opinion, {**OPINION, "text": " "}, "text"),
        (record_opinion, {**OPINION, "given_by": ""}, "given_by"),
        (record_opinion, {**OPINION, "given_on": TOMORROW}, "given_on"),
        (record_opinion, {**OPINION, "given_on": None}, "given_on"),
        (record_review, {**REVIEW, "held_on": TOMORROW}, "held_on"),
        (record_review, {**REVIEW, "held_on": None}, "held_on"),
        (record_review, {**REVIEW, "conclusion": " "}, "conclusion"),
        (record_review, {**REVIEW, "attendees": ""}, "attendees"),
    ],
)
def test_evidence_is_refused_at_the_field(
    cast: Cast, lead: Lead, verb: Any, values: dict[str, Any], field: str
) -> None:
    assert refused(verb, lead, cast.member_a, **values) == field


@pytest.mark.parametrize("verb", [record_screening, record_opinion, record_review])
def test_evidence_is_recorded_by_the_leads_team(cast: Cast, verb: Any) -> None:
    values = {record_screening: SCREENING, record_opinion: OPINION, record_review: REVIEW}[verb]
    lead = log_a_lead(by=cast.member_a, secondary_chains=[cast.chain_b])
    for who in (cast.member_b, cast.chain_leader_a):
        with pytest.raises(NotAllowed):
            verb(lead=lead, by=who, **values)
    for who in (cast.second_member_a, cast.head_a, cast.coordinator):
        assert verb(lead=lead, by=who, **values).pk


def test_newest_verdict_holds_not_the_one_entered_last(cast: Cast, lead: Lead) -> None:
    screen(lead, by=cast.member_a, verdict="follow")
    screen(lead, by=cast.member_a, verdict="drop", judged_on=TODAY - timedelta(days=9))
    assert facts_of(lead).verdict == "follow"
    screen(lead, by=cast.member_a, verdict="reserve")
    assert facts_of(lead).verdict == "reserve"
    assert lead.screenings.count() == 3


def test_opinions_gather_by_department(cast: Cast, lead: Lead) -> None:
    give_opinion(lead, "land", by=cast.member_a)
    give_opinion(lead, "land", by=cast.member_a, verdict="object")
    give_opinion(lead, "safety", by=cast.member_a)
    assert facts_of(lead).opinions == {"land", "safety"}


def test_evidence_raises_the_leads_revision(cast: Cast, lead: Lead) -> None:
    record_screening(lead=lead, by=cast.member_a, **SCREENING)
    record_opinion(lead=lead, by=cast.member_a, **OPINION)
    record_review(lead=lead, by=cast.member_a, **REVIEW)
    lead.refresh_from_db()
    assert lead.version == 4
