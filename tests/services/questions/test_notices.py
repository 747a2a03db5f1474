"""Staff learn at once what came in, what is theirs and what came back; the limits are reminded."""

from datetime import date

import pytest
from django.db import transaction
from django.utils import timezone

from kfq_crm.base.models import OutgoingMail, User
from services.actions.asking_links import give_link
from services.actions.extensions import ask_extension, decide_extension
from services.actions.feedback import rate_feedback
from services.actions.handling import hand_over_question, verify_question
from services.actions.intake import ask_by_link
from services.actions.question_notices import KIND
from services.models import DIRECT, Department, Question
from services.question_rights import decider_of, rights_over
from tests.services.questions.office import (
    Office,
    a_feedback,
    a_link,
    a_question,
    a_verified,
    at,
    question_values,
)

pytestmark = pytest.mark.django_db
NOW = at("2024-11-18")


def told() -> list[tuple[str, str]]:
    """Who was told what, in this order."""
    rows = OutgoingMail.objects.filter(kind=KIND).order_by("pk")
    return [(row.recipient.username, row.subject) for row in rows.select_related("recipient")]


def test_question_by_link_reaches_the_liaison_officer(office: Office) -> None:
    ask_by_link(link=a_link(office), values=question_values(office), now=NOW)
    assert told() == [("officer", "登记：厂房加层手续怎么办")]
    text = OutgoingMail.objects.get(kind=KIND).text
    assert office.company.name in text
    assert "11月19日" in text  # verified within a working day


def test_question_without_an_officer_reaches_who_gave_the_link(office: Office) -> None:
    link = a_link(office)
    office.company.liaisons.update(ended_on=timezone.localdate(), end_reason="moved")
    ask_by_link(link=link, values=question_values(office), now=NOW)
    assert [person for person, _subject in told()] == [link.issued_by.username]


def test_question_for_a_disabled_officer_reaches_who_gave_the_link(office: Office) -> None:
    link = a_link(office)
    User.objects.filter(pk=office.officer.pk).update(is_active=False)
    ask_by_link(link=link, values=question_values(office), now=NOW)
    assert [person for person, _subject in told()] == [link.issued_by.username]


def test_nobody_is_told_what_he_did(office: Office) -> None:
    a_question(office, by=office.officer, now=NOW)
    assert told() == []


@pytest.mark.parametrize(("handler", "reached"), [(None, "dept_head"), ("clerk", "clerk")])
def test_who_has_it_now_is_told(office: Office, handler: str | None, reached: str) -> None:
    question = a_question(office, by=office.officer, now=NOW)
    person: User | None = getattr(office, handler) if handler else None
    verify_question(
        question=question, department=office.housing, handler=person, by=office.officer, now=NOW
    )
    assert told() == [(reached, "交办：厂房加层手续怎么办")]


def test_hand_over_tells_the_new_one_with_the_reason(office: Office) -> None:
    question = a_verified(office)
    OutgoingMail.objects.all().delete()
    hand_over_question(
        question=question,
        department=office.fire,
        handler=office.other,
        reason="归消防管",
        by=office.clerk,
        now=NOW,
    )
    assert [person for person, _subject in told()] == ["fire_clerk"]
    assert "归消防管" in OutgoingMail.objects.get(kind=KIND).text


def test_more_time_tells_the_head_and_then_who_asked(office: Office) -> None:
    question = a_verified(office, now=NOW)
    OutgoingMail.objects.all().delete()
    asked = ask_extension(
        question=question, until=date(2024, 12, 10), reason="等供电", by=office.clerk, now=NOW
    )
    decide_extension(extension=asked, granted=True, reason="", by=office.head, now=NOW)
    assert [person for person, _subject in told()] == ["dept_head", "clerk"]


def ask_more_time(office: Office, question: Question, by: User) -> None:
    OutgoingMail.objects.all().delete()
    extension = ask_extension(
        question=question, until=date(2024, 12, 10), reason="等供电", by=by, now=NOW
    )
    rows = OutgoingMail.objects.filter(kind=KIND).select_related("recipient")
    for person in (row.recipient for row in rows):  # whoever is told may in fact decide
        assert rights_over(person, question).may_decide(person, extension)


@pytest.mark.parametrize("taken_in_by", ["service", "officer"])
def test_what_the_head_asks_reaches_who_took_it_in(office: Office, taken_in_by: str) -> None:
    by = getattr(office, taken_in_by)
    ask_more_time(office, a_verified(office, by=by, now=NOW), office.head)
    assert [person for person, _subject in told()] == [taken_in_by]


def test_what_the_head_asks_reaches_who_gave_the_link(office: Office) -> None:
    link = give_link(enterprise=office.company, contact_name="周敏", by=office.cast.coordinator)
    question = ask_by_link(link=link, values=question_values(office), now=NOW)
    verify_question(question=question, department=office.housing, by=office.service, now=NOW)
    ask_more_time(office, question, office.head)
    assert [person for person, _subject in told()] == [office.cast.coordinator.username]


def test_a_head_whose_account_is_disabled_blocks_nothing(office: Office) -> None:
    question = a_verified(office, now=NOW)
    User.objects.filter(pk=office.head.pk).update(is_active=False)
    ask_more_time(office, question, office.clerk)
    assert [person for person, _subject in told()] == ["service"]
    extension = question.extensions.get()
    assert decide_extension(
        extension=extension, granted=True, reason="", by=office.service, now=NOW
    ).granted


def test_who_took_it_in_and_asks_does_not_decide(office: Office) -> None:
    """Of a department without a head; nobody else has to do with it but the officer."""
    question = a_verified(office, now=NOW)
    Department.objects.update(head=None)
    ask_more_time(office, question, office.service)
    assert [person for person, _subject in told()] == ["officer"]


def test_the_first_of_service_staff_is_told_where_nobody_is_nearer(office: Office) -> None:
    question = a_verified(office, now=NOW)
    Department.objects.update(head=None)
    office.company.liaisons.update(ended_on=timezone.localdate(), end_reason="moved")
    ask_more_time(office, question, office.service)
    direct = User.objects.with_perm(DIRECT, backend="django.contrib.auth.backends.ModelBackend")
    first = direct.exclude(pk=office.service.pk).order_by("pk")[0]
    assert [person for person, _subject in told()] == [first.username]


def test_of_a_confidential_question_service_is_told_only_without_an_officer(
    office: Office,
) -> None:
    question = a_verified(office, confidential=True, now=NOW)
    Department.objects.update(head=None)
    ask_more_time(office, question, office.officer)
    assert [person for person, _subject in told()] == ["service"]  # took it in
    with transaction.atomic():
        Question.objects.update(taken_in_by=office.clerk)
    request = question.extensions.get()
    assert decider_of(request) is None
    office.company.liaisons.update(ended_on=timezone.localdate(), end_reason="moved")
    stands_in = decider_of(request)
    assert stands_in
    assert Question.objects.visible_to(stands_in).get() == question


def test_low_rating_tells_who_answered_and_the_head(office: Office) -> None:
    feedback = a_feedback(office, now=NOW)
    OutgoingMail.objects.all().delete()
    rate_feedback(feedback=feedback, score=1, words="没解决", now=NOW)
    assert {person for person, _subject in told()} == {"dept_head", feedback.given_by.username}
    assert all("没解决" in row.text for row in OutgoingMail.objects.filter(kind=KIND))


def test_good_rating_disturbs_nobody(office: Office) -> None:
    feedback = a_feedback(office, now=NOW)
    OutgoingMail.objects.all().delete()
    rate_feedback(feedback=feedback, score=5, now=NOW)
    assert told() == []


def test_confidential_question_is_told_without_its_words(office: Office) -> None:
    question = a_question(office, by=office.officer, confidential=True, now=NOW)
    verify_question(question=question, department=office.housing, by=office.officer, now=NOW)
    mail = OutgoingMail.objects.get(kind=KIND)
    number = Question.objects.get().number
    assert mail.subject == f"交办：{number}"
    for word in ("厂房加层", office.company.name, "恒昌"):
        assert word not in mail.text


def test_nobody_is_told_of_what_he_may_not_see(office: Office) -> None:
    link = a_link(office)
    office.company.liaisons.update(ended_on=timezone.localdate(), end_reason="moved")
    User.objects.filter(pk=link.issued_by_id).update(is_active=False)
    ask_by_link(link=link, values=question_values(office), now=NOW)
    assert told() == []
