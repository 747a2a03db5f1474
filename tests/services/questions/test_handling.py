"""From verification to rating: who may, what is refused, what follows."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.models import OutgoingMail
from leads.permissions import NotAllowed
from services.actions.extensions import ask_extension, decide_extension
from services.actions.feedback import close_unrated, give_feedback, rate_feedback, sweep_unrated
from services.actions.handling import (
    answer_question,
    correct_question,
    decline_question,
    hand_over_question,
    note_on_question,
    verify_question,
)
from services.actions.intake import ask_by_link
from services.actions.knowledge import keep_answer, retire_entry
from services.models import Extension, Feedback, KnowledgeEntry, Question
from services.question_queries import find_knowledge, proposed_knowledge
from tests.services.questions.office import (
    Office,
    a_feedback,
    a_link,
    a_question,
    a_verified,
    an_answered,
    at,
    question_values,
)

pytestmark = pytest.mark.django_db
NOW = at("2024-11-18")


def kinds(question: Question) -> list[str]:
    return list(question.events.values_list("kind", flat=True))


def test_the_whole_way(office: Office) -> None:
    feedback = a_feedback(office, now=NOW)
    rate_feedback(feedback=feedback, score=5, words="很快", now=NOW)
    question = Question.objects.get()
    assert (question.state, question.closing, question.score) == ("closed", "rated", 5)
    assert kinds(question) == [
        *("taken_in", "verified", "assigned", "answered", "fed_back", "rated", "closed"),
    ]
    assert set(OutgoingMail.objects.values_list("kind", flat=True)) == {
        *("question:taken_in", "question:answered", "question:fed_back", "question_notice"),
    }


VERIFIERS = {"service", "officer", "coordinator"}
WORKERS = {"service", "officer", "coordinator", "head", "clerk"}


def test_who_may_verify(office: Office) -> None:
    allowed = set()
    for name, person in office.people().items():
        with transaction.atomic():
            question = a_question(office)
            try:
                verify_question(question=question, department=office.housing, by=person)
                allowed.add(name)
            except (NotAllowed, Question.DoesNotExist):
                pass
    assert allowed == VERIFIERS


def test_who_may_answer(office: Office) -> None:
    allowed = set()
    for name, person in office.people().items():
        question = a_verified(office)
        try:
            answer_question(question=question, answer="这样办。", by=person)
            allowed.add(name)
        except (NotAllowed, Question.DoesNotExist):
            pass
    assert allowed == WORKERS


def test_a_handler_must_be_of_the_department(office: Office) -> None:
    with pytest.raises(RuleViolation) as refused:
        verify_question(
            question=a_question(office),
            department=office.housing,
            handler=office.other,
            by=office.service,
        )
    assert refused.value.field == "handler"


def test_a_hand_over_needs_a_reason_and_keeps_the_limits(office: Office) -> None:
    question = a_verified(office, now=NOW)
    hand = {"question": question, "department": office.fire, "by": office.clerk}
    with pytest.raises(RuleViolation) as refused:
        hand_over_question(**hand, reason=" ")
    assert refused.value.field == "reason"
    moved = hand_over_question(**hand, reason="属消防职责")
    assert (moved.department, moved.due_on) == (office.fire, question.due_on)
    assert moved.handovers.count() == 2
    for person in (office.clerk, office.other):  # the one before goes on seeing it
        assert Question.objects.visible_to(person).filter(pk=moved.pk).exists()
    with pytest.raises(NotAllowed):
        answer_question(question=moved, answer="好", by=office.clerk)


def test_two_people_at_once_the_second_is_told(office: Office) -> None:
    question = a_verified(office)
    seen = question.version
    answer_question(question=question, answer="先答", by=office.clerk, expected=seen)
    with pytest.raises(VersionConflict):
        hand_over_question(
            question=question,
            department=office.fire,
            reason="转",
            by=office.service,
            expected=seen,
        )


@pytest.mark.parametrize(
    "verb", ["verify", "answer", "feed_back", "hand_over", "decline", "extension"]
)
def test_a_closed_question_takes_no_step(office: Office, verb: str) -> None:
    question = decline_question(question=a_question(office), reason="非职责", by=office.service)
    tries = {
        "verify": lambda: verify_question(
            question=question, department=office.housing, by=office.service
        ),
        "answer": lambda: answer_question(question=question, answer="好", by=office.service),
        "feed_back": lambda: give_feedback(
            question=question, outcome="solved", text="好", by=office.service
        ),
        "hand_over": lambda: hand_over_question(
            question=question, department=office.fire, reason="转", by=office.service
        ),
        "decline": lambda: decline_question(question=question, reason="再", by=office.service),
        "extension": lambda: ask_extension(
            question=question, until=date(2030, 1, 1), reason="慢", by=office.service
        ),
    }
    with pytest.raises(RuleViolation):
        tries[verb]()


def test_an_address_that_mail_cannot_go_to_is_no_correction(office: Office) -> None:
    question = a_question(office)
    with pytest.raises(RuleViolation) as refused:
        correct_question(
            question=question, values={"contact_email": "a@例子.中国"}, by=office.service
        )
    assert refused.value.field == "contact_email"


def test_what_the_enterprise_wrote_stays(office: Office) -> None:
    question = ask_by_link(link=a_link(office), values=question_values(office))
    corrected = correct_question(
        question=question,
        values={"title": "改写", "text": "改写", "place": "南园"},
        by=office.service,
    )
    assert (corrected.title, corrected.place) == ("厂房加层手续怎么办", "南园")


def test_a_note_is_not_for_strangers(office: Office) -> None:
    question = a_verified(office)
    note_on_question(question=question, text="已电话联系", by=office.clerk)
    with pytest.raises(Question.DoesNotExist):
        note_on_question(question=question, text="看看", by=office.other)


# --- More time ---------------------------------------------------------------------------------


def asked(office: Office, **values) -> Extension:
    question = a_verified(office, now=NOW)
    given = {"until": date(2024, 12, 10), "reason": "补图", "by": office.clerk, "now": NOW}
    return ask_extension(question=question, **{**given, **values})


def test_the_head_grants_and_the_limit_moves(office: Office) -> None:
    extension = asked(office)
    decide_extension(extension=extension, granted=True, reason="", by=office.head, now=NOW)
    question = Question.objects.get()
    assert question.solve_by == date(2024, 12, 10)
    assert kinds(question)[-2:] == ["asked_time", "granted"]


def test_a_refusal_needs_a_reason_and_moves_nothing(office: Office) -> None:
    extension = asked(office)
    with pytest.raises(RuleViolation) as refused:
        decide_extension(extension=extension, granted=False, reason=" ", by=office.head, now=NOW)
    assert refused.value.field == "reason"
    decide_extension(extension=extension, granted=False, reason="能办", by=office.head, now=NOW)
    assert Question.objects.get().solve_by == date(2024, 12, 2)
    with pytest.raises(RuleViolation):
        decide_extension(extension=extension, granted=True, reason="", by=office.head, now=NOW)


def test_nobody_but_the_head_decides(office: Office) -> None:
    extension = asked(office)
    for person in (office.clerk, office.service, office.officer, office.cast.coordinator):
        with pytest.raises(NotAllowed):
            decide_extension(extension=extension, granted=True, reason="", by=person, now=NOW)


def test_what_the_head_asks_service_staff_decide(office: Office) -> None:
    extension = asked(office, by=office.head)
    with pytest.raises(NotAllowed):
        decide_extension(extension=extension, granted=True, reason="", by=office.head, now=NOW)
    assert decide_extension(
        extension=extension, granted=True, reason="", by=office.service, now=NOW
    ).granted


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"until": date(2024, 12, 2)}, "not_later"),
        ({"until": date(2024, 12, 24)}, "beyond"),
        ({"now": at("2024-12-03")}, "too_late"),
        ({"reason": " "}, "blank"),
    ],
)
def test_what_an_extension_may_not_be(office: Office, values: dict, code: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        asked(office, **values)
    assert refused.value.code == code


def test_one_request_at_a_time(office: Office) -> None:
    extension = asked(office)
    with pytest.raises(RuleViolation) as refused:
        ask_extension(
            question=extension.question,
            until=date(2024, 12, 11),
            reason="再",
            by=office.clerk,
            now=NOW,
        )
    assert refused.value.code == "undecided"


# --- Rating ------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", [1, 2])
def test_a_low_rating_reopens(office: Office, score: int) -> None:
    feedback = a_feedback(office, now=NOW)
    rate_feedback(feedback=feedback, score=score, words="没有解决", now=NOW)
    question = Question.objects.get()
    assert (question.state, question.round, question.department) == ("verified", 2, office.housing)
    assert kinds(question)[-2:] == ["rated", "reopened"]


@pytest.mark.parametrize("score", [3, 4, 5])
def test_a_fair_rating_closes(office: Office, score: int) -> None:
    rate_feedback(feedback=a_feedback(office, now=NOW), score=score, now=NOW)
    assert Question.objects.get().closing == "rated"


@pytest.mark.parametrize("score", [0, 6, -1, 99])
def test_a_rating_that_is_none_is_refused(office: Office, score: int) -> None:
    with pytest.raises(RuleViolation) as refused:
        rate_feedback(feedback=a_feedback(office, now=NOW), score=score, now=NOW)
    assert refused.value.field == "score"


def test_a_second_rating_is_refused_and_changes_nothing(office: Office) -> None:
    feedback = a_feedback(office, now=NOW)
    rate_feedback(feedback=feedback, score=5, now=NOW)
    with pytest.raises(RuleViolation) as refused:
        rate_feedback(feedback=feedback, score=1, now=NOW)
    assert refused.value.code == "rated"
    assert Feedback.objects.get().score == 5


def test_a_second_round_is_rated_by_its_own_link(office: Office) -> None:
    first = a_feedback(office, now=NOW)
    rate_feedback(feedback=first, score=1, now=NOW)
    question = Question.objects.get()
    second = give_feedback(
        question=question, outcome="solved", text="已修好。", by=office.clerk, now=NOW
    )
    with pytest.raises(RuleViolation):
        rate_feedback(feedback=first, score=5, now=NOW)
    rate_feedback(feedback=second, score=4, now=NOW)
    assert Question.objects.get().score == 4
    with pytest.raises(IntegrityError), transaction.atomic():
        Feedback.objects.filter(pk=second.pk).update(round=1)


def test_what_nobody_rates_closes_once(office: Office) -> None:
    a_feedback(office, now=NOW)
    last = NOW + timedelta(days=10)
    assert close_unrated(now=last) == 0
    after = last + timedelta(days=1)
    assert (close_unrated(now=after), close_unrated(now=after)) == (1, 0)
    question = Question.objects.get()
    assert (question.closing, kinds(question).count("closed")) == ("unrated", 1)
    with pytest.raises(RuleViolation) as refused:
        rate_feedback(feedback=Feedback.objects.get(), score=5, now=after)
    assert refused.value.code == "over"


@pytest.mark.django_db(transaction=True)
def test_the_sweep_closes_in_chunks_and_is_recorded(office: Office) -> None:
    for _ in range(3):
        a_feedback(office, now=NOW)
    assert sweep_unrated(NOW + timedelta(days=11)) == 3
    assert not Question.objects.filter(state="fed_back").exists()


# --- Knowledge ---------------------------------------------------------------------------------


def test_an_answer_is_kept_without_names_and_found_again(office: Office) -> None:
    question = a_feedback(office).question
    values = {"title": "厂房加层需要哪些手续", "answer": "先办规划许可变更。", "basis": ""}
    with pytest.raises(RuleViolation) as refused:
        keep_answer(
            question=question,
            values={**values, "answer": f"{office.company.name}已办。"},
            by=office.service,
        )
    assert refused.value.field == "answer"
    entry = keep_answer(question=question, values=values, by=office.clerk)
    assert list(find_knowledge(office.other, "规划许可")) == [entry]
    assert list(find_knowledge(office.other, "cfjc")) == [entry]  # pinyin initials
    alike = a_question(office, title="想加层厂房")
    assert proposed_knowledge(office.clerk, alike) == [entry]
    with pytest.raises(RuleViolation):
        keep_answer(question=question, values=values, by=office.clerk)
    retire_entry(entry=entry, by=office.service)
    assert not find_knowledge(office.other, "规划许可").exists()


def test_nothing_is_kept_before_an_answer(office: Office) -> None:
    with pytest.raises(RuleViolation):
        keep_answer(
            question=a_verified(office),
            values={"title": "问", "answer": "答"},
            by=office.service,
        )
    assert not KnowledgeEntry.objects.exists()


def test_an_answered_question_is_handled_by_who_answered(office: Office) -> None:
    assert an_answered(office).handler == office.clerk
