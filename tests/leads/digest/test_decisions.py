"""Questions to the leader: who asks, which three a week, who answers, who is told."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from chains.actions.teams import appoint
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.models import AccessEntry, OutgoingMail
from leads.actions.decisions import (
    answer_by_link,
    answer_signed_in,
    ask_leader,
    withdraw_question,
)
from leads.actions.followups import resolve_blocker
from leads.actions.pipeline import exit_lead
from leads.models import Answer, Decision
from leads.permissions import NotAllowed
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.leads.digest.asking import QUESTION, a_blocker, a_question, asked_in_digest
from tests.leads.digest.weeks import a_rule, at, content

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_monday() -> Any:
    with time_machine.travel(at("2026-11-23T10:00"), tick=False):
        yield


def code_of(refused: Any) -> str:
    return str(refused.value.code)


# --- Asking ---------------------------------------------------------------------------------


def test_head_and_coordinator_ask_and_members_do_not(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    for who in (cast.head_a, cast.coordinator):
        decision = ask_leader(blocker=a_blocker(lead, lead.owner), question=QUESTION, by=who)
        assert (decision.asked_by, decision.is_waiting) == (who, True)
    for who in (cast.member_a, cast.chain_leader_a):
        with pytest.raises(NotAllowed):
            ask_leader(blocker=a_blocker(lead, lead.owner), question=QUESTION, by=who)


def test_asking_raises_the_leads_revision(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    blocker = a_blocker(lead, lead.owner)
    lead.refresh_from_db()
    ask_leader(blocker=blocker, question=QUESTION, by=cast.head_a)
    before, _now = lead.version, lead.refresh_from_db()
    assert lead.version == before + 1


def test_one_question_about_a_blocker_at_a_time(cast: Cast) -> None:
    first = a_question(cast)
    with pytest.raises(RuleViolation) as refused:
        ask_leader(blocker=first.blocker, question="再问一次", by=cast.head_a)
    assert code_of(refused) == "asked"
    withdraw_question(decision=first, by=cast.head_a)
    assert ask_leader(blocker=first.blocker, question="再问一次", by=cast.head_a).is_waiting


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("blank", "question_missing"),
        ("cleared", "cleared"),
        ("left", "cleared"),
        ("none", "no_leader"),
    ],
)
def test_what_cannot_be_asked(cast: Cast, change: str, code: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    blocker, question = a_blocker(lead, lead.owner), QUESTION
    if change == "blank":
        question = "  "
    elif change == "cleared":
        resolve_blocker(blocker=blocker, resolution="已腾空", by=cast.member_a)
    elif change == "left":
        exit_lead(lead=lead, exit="transferred", detail="新材料专班", by=cast.member_a)
    else:
        appoint(team=cast.team_a, leader=None, by=cast.coordinator)
    with pytest.raises(RuleViolation) as refused:
        ask_leader(blocker=blocker, question=question, by=cast.head_a)
    assert code_of(refused) == code


def test_leader_must_be_a_reader_of_a_confidential_lead(cast: Cast) -> None:
    secret = {"confidential": True, "code_name": "启明"}
    with pytest.raises(RuleViolation) as refused:
        a_question(cast, **secret)
    assert code_of(refused) == "leader_may_not_read"
    assert a_question(cast, **secret, readers=[cast.chain_leader_a]).is_waiting


# --- Which of them go into the digest -------------------------------------------------------


def test_three_most_urgent_go_in_and_the_rest_waits_and_is_said(cast: Cast) -> None:
    a_rule()
    for days in (9, 1, 7, 3, 4):
        a_question(cast, f"{days}天的事", days=days)
    told = content(cast.chain_leader_a, cast.chain_a, "2026-W47", "2026-11-23T10:00")["questions"]
    assert [item["question"] for item in told["items"]] == ["1天的事", "3天的事", "4天的事"]
    assert told["waiting"] == 2
    assert "另有 2 件请示" in asked_in_digest(cast).mail.text


def test_unanswered_question_is_asked_again_and_an_answered_one_makes_room(cast: Cast) -> None:
    a_rule()
    decisions = [a_question(cast, f"第{number}件", days=number) for number in range(1, 5)]
    first = asked_in_digest(cast)
    answer_by_link(
        decision=decisions[0], answer=Answer.AGREE, text="", digest=first, by=cast.chain_leader_a
    )
    with time_machine.travel(at("2026-11-30T10:00"), tick=False):
        asked = asked_in_digest(cast).payload["sections"]["questions"]["items"]
    assert [item["question"] for item in asked] == ["第2件", "第3件", "第4件"]


def test_cleared_withdrawn_and_other_chains_questions_stay_out(cast: Cast) -> None:
    a_rule()
    cleared, withdrawn = a_question(cast), a_question(cast)
    resolve_blocker(blocker=cleared.blocker, resolution="已腾空", by=cast.member_a)
    withdraw_question(decision=withdrawn, by=cast.head_a)
    told = content(cast.chain_leader_a, cast.chain_a, "2026-W47", "2026-11-23T10:00")
    assert "questions" not in told


# --- Answering ------------------------------------------------------------------------------


def test_answer_is_recorded_with_who_when_and_which_digest(cast: Cast) -> None:
    a_rule()
    decision = a_question(cast)
    digest = asked_in_digest(cast)
    answered = answer_by_link(
        decision=decision,
        answer=Answer.INSTRUCT,
        text="请组长周三前到现场",
        digest=digest,
        by=cast.chain_leader_a,
        address="10.1.2.3",
    )
    assert (answered.answer, answered.answered_by, answered.digest) == (
        Answer.INSTRUCT,
        cast.chain_leader_a,
        digest,
    )
    line = AccessEntry.objects.get(subject="decision.answered")
    assert (line.actor, line.object_id, line.address) == (
        cast.chain_leader_a,
        decision.pk,
        "10.1.2.3",
    )
    assert line.detail == {"answer": "instruct", "way": "link", "digest": "2026-W47"}


def test_owner_and_head_are_told_once_an_answer(cast: Cast) -> None:
    a_rule()
    decision = a_question(cast)
    digest = asked_in_digest(cast)
    by = cast.chain_leader_a
    answer_by_link(decision=decision, answer=Answer.DISAGREE, text="", digest=digest, by=by)
    told = OutgoingMail.objects.filter(kind="decision")
    assert {mail.recipient for mail in told} == {cast.member_a, cast.head_a}
    assert all("不同意" in mail.subject and QUESTION in mail.text for mail in told)
    decision.refresh_from_db()
    answer_signed_in(
        decision=decision, answer=Answer.AGREE, text="", by=by, expected=decision.version
    )
    assert told.all().count() == 4


@pytest.mark.parametrize(
    ("answer", "text", "code"),
    [
        ("", "", "answer_missing"),
        ("maybe", "", "answer_missing"),
        ("instruct", "  ", "words_missing"),
    ],
)
def test_answers_that_say_nothing(cast: Cast, answer: str, text: str, code: str) -> None:
    a_rule()
    decision = a_question(cast)
    with pytest.raises(RuleViolation) as refused:
        answer_by_link(
            decision=decision,
            answer=answer,
            text=text,
            digest=asked_in_digest(cast),
            by=cast.chain_leader_a,
        )
    assert code_of(refused) == code
    assert Decision.objects.get().is_waiting


def test_link_answers_once(cast: Cast) -> None:
    a_rule()
    decision = a_question(cast)
    digest, by = asked_in_digest(cast), cast.chain_leader_a
    answer_by_link(decision=decision, answer=Answer.AGREE, text="", digest=digest, by=by)
    with pytest.raises(RuleViolation) as refused:
        answer_by_link(decision=decision, answer=Answer.DISAGREE, text="", digest=digest, by=by)
    assert code_of(refused) == "answered"
    assert Decision.objects.get().answer == Answer.AGREE


def test_signed_in_leader_changes_the_answer_and_both_stay_on_record(cast: Cast) -> None:
    decision = a_question(cast)
    by = cast.chain_leader_a
    first = answer_signed_in(decision=decision, answer="agree", text="", by=by, expected=1)
    with pytest.raises(VersionConflict):
        answer_signed_in(decision=decision, answer="disagree", text="", by=by, expected=1)
    answer_signed_in(
        decision=decision, answer="disagree", text="再议", by=by, expected=first.version
    )
    answers = list(decision.history.order_by("history_id").values_list("answer", flat=True))
    assert answers == ["", "agree", "disagree"]
    subjects = list(AccessEntry.objects.order_by("number").values_list("subject", flat=True))
    assert subjects[-2:] == ["decision.answered", "decision.changed"]


def test_only_the_leader_answers_signed_in(cast: Cast) -> None:
    decision = a_question(cast)
    for who in (cast.head_a, cast.coordinator, cast.head_b):
        with pytest.raises(NotAllowed):
            answer_signed_in(decision=decision, answer="agree", text="", by=who, expected=1)


def test_withdrawn_and_cleared_questions_are_not_answered(cast: Cast) -> None:
    withdrawn, cleared = a_question(cast), a_question(cast)
    withdraw_question(decision=withdrawn, by=cast.head_a)
    resolve_blocker(blocker=cleared.blocker, resolution="已腾空", by=cast.member_a)
    for decision, code in ((withdrawn, "withdrawn"), (cleared, "cleared")):
        version = Decision.objects.get(pk=decision.pk).version
        with pytest.raises(RuleViolation) as refused:
            answer_signed_in(
                decision=decision, answer="agree", text="", by=cast.chain_leader_a, expected=version
            )
        assert code_of(refused) == code


def test_answered_question_cannot_be_withdrawn(cast: Cast) -> None:
    decision = a_question(cast)
    answer_signed_in(decision=decision, answer="agree", text="", by=cast.chain_leader_a, expected=1)
    with pytest.raises(RuleViolation) as refused:
        withdraw_question(decision=decision, by=cast.head_a)
    assert code_of(refused) == "settled"
    assert timezone.now() - decision.created_at < timedelta(days=1)
