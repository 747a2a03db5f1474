"""Who is told of a limit, when: the handler, the head, who looks after the enterprise."""

from datetime import date

import pytest
from django.db import transaction

from kfq_crm.base.models import OutgoingMail, User
from leads.models import EscalationStep, Reminder, ReminderState
from leads.reminders.engine import run_reminders
from leads.reminders.inbox import items_of
from leads.reminders.mails import KIND as MAIL
from services.actions.extensions import ask_extension
from services.actions.handling import answer_question, hand_over_question
from services.models import Department, Liaison, Question
from tests.services.questions.office import SINCE, Office, a_question, a_verified, at

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("2024-11-18")
STEPS = [(-1, "owner"), (0, "owner"), (0, "head"), (3, "lead_unit")]


@pytest.fixture(autouse=True)
def steps(office: Office) -> None:
    EscalationStep.objects.bulk_create(
        EscalationStep(valid_from=SINCE, offset=offset, role=role, via="mail")
        for offset, role in STEPS
    )
    Liaison.objects.update(next_visit_on=None)


def told(rule: str, day: str) -> set[tuple[str, int]]:
    run_reminders(at(day))
    rows = Reminder.objects.filter(rule=rule, state=ReminderState.OPEN)
    return set(rows.values_list("recipient__username", "level"))


def test_a_new_question_reminds_the_liaison_officer(office: Office) -> None:
    a_question(office, now=NOW)
    assert told("question", "2024-11-18") == {("officer", -1)}


def test_a_question_in_a_department_climbs_to_its_head_and_to_the_officer(office: Office) -> None:
    a_verified(office, now=NOW)  # to be answered by the 20th; nobody handles it yet
    assert told("question", "2024-11-19") == {("dept_head", -1)}
    assert told("question", "2024-11-20") == {("dept_head", -1), ("dept_head", 0)}
    assert ("officer", 3) in told("question", "2024-11-25")


def test_nobody_is_told_twice(office: Office) -> None:
    a_verified(office, now=NOW)
    told("question", "2024-11-19")
    before = Reminder.objects.count()
    told("question", "2024-11-19")
    assert Reminder.objects.count() == before


def test_the_step_done_cancels_and_the_next_limit_begins_anew(office: Office) -> None:
    question = a_verified(office, now=NOW)
    told("question", "2024-11-20")
    answer_question(question=question, answer="已安排", by=office.clerk, now=at("2024-11-20"))
    assert told("question", "2024-11-20") == set()
    assert told("question", "2024-11-29") == {("clerk", -1)}


def test_whoever_gets_it_is_told_anew(office: Office) -> None:
    question = a_verified(office, now=NOW)
    told("question", "2024-11-20")
    hand_over_question(
        question=question,
        department=office.fire,
        handler=office.other,
        reason="属消防",
        by=office.service,
        now=at("2024-11-20"),
    )
    # That department has no head: the next one up is told on the day
    names = {name for name, _level in told("question", "2024-11-20")}
    assert names == {"fire_clerk", "officer"}


def test_an_undecided_request_reminds_the_head(office: Office) -> None:
    question = a_verified(office, now=NOW)
    ask_extension(
        question=question, until=date(2024, 12, 10), reason="补图", by=office.clerk, now=NOW
    )
    assert told("question_extension", "2024-12-02") >= {("dept_head", 0)}


@pytest.mark.parametrize("why", ["asked", "disabled", "none"])
def test_an_undecided_request_reminds_service_staff_where_no_head_may_decide(
    office: Office, why: str
) -> None:
    question = a_verified(office, now=NOW)
    by = office.head if why == "asked" else office.clerk
    ask_extension(question=question, until=date(2024, 12, 10), reason="补图", by=by, now=NOW)
    if why == "disabled":
        User.objects.filter(pk=office.head.pk).update(is_active=False)
    if why == "none":
        with transaction.atomic():
            Department.objects.update(head=None)
    assert told("question_extension", "2024-12-02") == {("service", 0)}


def test_a_request_that_nobody_may_decide_stops_no_sweep(office: Office) -> None:
    question = a_verified(office, now=NOW)
    ask_extension(
        question=question, until=date(2024, 12, 10), reason="补图", by=office.head, now=NOW
    )
    with transaction.atomic():
        Question.objects.update(taken_in_by=office.clerk, confidential=True)
    Liaison.objects.update(officer=office.head)
    assert told("question_extension", "2024-12-02") == set()
    assert told("question", "2024-12-02")


def test_a_visit_that_is_due_reminds_the_officer(office: Office) -> None:
    Liaison.objects.update(next_visit_on=date(2024, 11, 20))
    assert told("liaison_visit", "2024-11-19") == {("officer", -1)}


# --- What is confidential -------------------------------------------------------------------------


def words_of(day: str, *hidden: str) -> str:
    """What mails and inboxes of that day say; nothing of it is hidden words."""
    run_reminders(at(day))
    items = Reminder.objects.filter(state=ReminderState.OPEN).select_related("lead")
    shown = [item.detail for row in items for item in items_of(row.recipient, [row])]
    sent = OutgoingMail.objects.filter(kind=MAIL)
    assert sent.exists()
    text = "\n".join([*shown, *(f"{row.subject}{row.text}{row.html}" for row in sent)])
    for word in hidden:
        assert word not in text
    return text


def test_a_confidential_question_is_reminded_by_its_number_alone(office: Office) -> None:
    question = a_verified(office, now=NOW, confidential=True)
    ask_extension(
        question=question, until=date(2024, 12, 10), reason="补图", by=office.clerk, now=NOW
    )
    text = words_of("2024-12-02", question.title, office.company.name, "补图")
    assert set(Reminder.objects.values_list("rule", flat=True)) >= {
        "question",
        "question_extension",
    }
    assert question.number in text


def test_a_question_that_is_not_confidential_is_reminded_by_its_words(office: Office) -> None:
    question = a_verified(office, now=NOW)
    assert question.title in words_of("2024-11-20")


@pytest.mark.parametrize("confidential", [True, False])
def test_a_visit_to_a_confidential_enterprise_names_nobody(
    office: Office, confidential: bool
) -> None:
    Liaison.objects.update(next_visit_on=date(2024, 11, 20), confidential=confidential)
    text = words_of("2024-11-20", *([office.company.name] if confidential else []))
    assert (office.company.name in text) is not confidential


def test_an_item_opens_the_question(client, office: Office) -> None:
    question = a_question(office, now=NOW)
    told("question", "2024-11-18")
    client.force_login(office.officer)
    item = Reminder.objects.get()
    answer = client.get(f"/admin/inbox/{item.pk}/")
    assert answer["Location"] == f"/admin/services/question/{question.pk}/page/"
    assert question.title in client.get("/admin/inbox/").content.decode()
