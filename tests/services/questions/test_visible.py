"""Who sees which question, liaison, link and visit, as exact sets; and in keys for the feed."""

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model

from kfq_crm.base import feed
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.feed.reach import audiences_of
from services.actions.extensions import ask_extension, decide_extension
from services.actions.feedback import give_feedback
from services.actions.handling import answer_question, hand_over_question, verify_question
from services.actions.intake import take_in_question
from services.actions.knowledge import keep_answer
from services.actions.liaison import appoint_officer, log_visit
from services.models import (
    AskingLink,
    Extension,
    Feedback,
    Handover,
    KnowledgeEntry,
    Liaison,
    LinkRule,
    Question,
    QuestionCategory,
    QuestionEvent,
    QuestionFile,
    QuestionLimit,
    QuestionRule,
    Tier,
    Visit,
    VisitCadence,
    VisitWarning,
)
from tests.factories import log_a_lead
from tests.services.questions.office import (
    Office,
    a_link,
    a_question,
    a_verified,
    question_values,
)

pytestmark = pytest.mark.django_db

SEE_ALL = {"coordinator", "service", "officer"}


def seers(office: Office, row: Model) -> set[str]:
    rows: Any = type(row)._default_manager  # every model has visible_to
    return {
        name
        for name, person in office.people().items()
        if rows.visible_to(person).filter(pk=row.pk).exists()
    }


def test_a_new_question_is_seen_by_service_and_the_officer(office: Office) -> None:
    assert seers(office, a_question(office)) == SEE_ALL


def test_a_department_sees_what_it_has_and_what_it_had(office: Office) -> None:
    question = a_verified(office)
    assert seers(office, question) == SEE_ALL | {"head", "clerk"}
    hand_over_question(
        question=question, department=office.fire, reason="属消防", by=office.service
    )
    assert seers(office, question) == SEE_ALL | {"head", "clerk", "other"}


def test_a_question_about_a_lead_is_seen_with_the_lead(office: Office) -> None:
    lead = log_a_lead(by=office.cast.member_a)
    question = take_in_question(
        enterprise=lead.enterprise,
        lead=lead,
        values=question_values(office),
        by=office.cast.member_a,
    )
    team = {"member_a", "second_member_a", "head_a", "chain_leader_a"}
    assert seers(office, question) == SEE_ALL | team


def test_a_confidential_question_is_seen_by_those_concerned(office: Office) -> None:
    question = a_verified(office)
    Question.objects.filter(pk=question.pk).update(confidential=True)
    assert seers(office, question) == {"service", "officer", "head", "clerk"}


def test_a_liaison_is_seen_by_its_officer_and_service(office: Office) -> None:
    liaison = Liaison.objects.get()
    assert seers(office, liaison) == SEE_ALL
    Liaison.objects.update(confidential=True)
    assert seers(office, liaison) == {"officer", "service"}  # who appointed the officer


def test_a_visit_is_seen_by_the_visitor_the_department_and_service(office: Office) -> None:
    visit = log_visit(
        enterprise=office.company,
        visited_on=date(2024, 11, 18),
        values={"purpose": "inspection", "summary": "看现场", "department": office.housing},
        by=office.clerk,
    )
    assert seers(office, visit) == SEE_ALL | {"head", "clerk"}
    Visit.objects.update(confidential=True)
    assert seers(office, visit) == {"officer", "head", "clerk"}


def test_a_link_is_seen_by_who_gave_it_and_the_officer(office: Office) -> None:
    link = a_link(office)
    assert seers(office, link) == SEE_ALL
    AskingLink.objects.update(confidential=True)
    assert seers(office, link) == {"service", "officer"}


def test_the_care_that_changed_hands_changes_who_sees(office: Office) -> None:
    question = a_question(office)
    Question.objects.filter(pk=question.pk).update(confidential=True)
    appoint_officer(
        enterprise=office.company,
        officer=office.clerk,
        tier=Tier.KEY,
        reason="分工调整",
        by=office.service,
    )
    assert seers(office, question) == {"service", "clerk"}


@pytest.mark.parametrize("confidential", [False, True])
@pytest.mark.parametrize(
    "model", [Handover, Extension, Feedback, QuestionEvent, QuestionFile], ids=lambda m: m.__name__
)
def test_what_hangs_on_a_question_is_seen_with_it(
    office: Office, model: type[Model], confidential: bool
) -> None:
    question = with_everything(office)
    Question.objects.filter(pk=question.pk).update(confidential=confidential)
    concerned = {"service", "officer", "head", "clerk"}
    row = model._default_manager.filter(question=question).latest("pk")
    assert seers(office, row) == (concerned if confidential else SEE_ALL | {"head", "clerk"})


def with_everything(office: Office) -> Question:
    """Handed to a department, with a photo, more time and feedback."""
    question = take_in_question(
        enterprise=office.company,
        values=question_values(office),
        uploads=[SimpleUploadedFile("厂房.pdf", b"%PDF-1.4")],
        by=office.service,
    )
    question = verify_question(question=question, department=office.housing, by=office.service)
    later = current_calendar().add_workdays(question.solve_by, 1)
    asked = ask_extension(question=question, until=later, reason="等专家", by=office.head)
    decide_extension(extension=asked, granted=True, reason="情况属实", by=office.service)
    question.refresh_from_db()
    question = answer_question(question=question, answer="已查勘。", by=office.clerk)
    give_feedback(question=question, outcome="solved", text="已办结。", by=office.clerk)
    return question


RULES = (QuestionLimit, QuestionRule, LinkRule, VisitCadence, VisitWarning, QuestionCategory)


@pytest.mark.parametrize("model", RULES, ids=lambda model: model.__name__)
def test_rules_and_categories_are_known_to_all_staff(office: Office, model: type[Model]) -> None:
    everybody = office.people().keys() - {"disabled"}
    assert model._default_manager.exists()
    for row in model._default_manager.all():
        assert seers(office, row) == everybody


def test_knowledge_is_read_by_every_role_that_serves_or_works(office: Office) -> None:
    """It names nobody: whoever may view knowledge sees all of it, somebody without a role none."""
    values = {"title": "加层要办什么", "answer": "先办规划。", "category": office.category}
    entry: KnowledgeEntry = keep_answer(values=values, by=office.service)
    assert seers(office, entry) == office.people().keys() - {"disabled", "outsider"}


@pytest.mark.parametrize("confidential", [False, True])
@pytest.mark.parametrize("stage", ["new", "verified", "handed", "lead"])
def test_the_feed_remembers_exactly_who_saw(office: Office, stage: str, confidential: bool) -> None:
    if stage == "lead":
        lead = log_a_lead(by=office.cast.member_a)
        question = take_in_question(
            enterprise=lead.enterprise,
            lead=lead,
            values=question_values(office),
            by=office.cast.member_a,
        )
    else:
        question = a_question(office) if stage == "new" else a_verified(office)
    if stage == "handed":
        hand_over_question(
            question=question,
            department=office.fire,
            handler=office.other,
            reason="转",
            by=office.service,
        )
    Question.objects.filter(pk=question.pk).update(confidential=confidential)
    kind = feed.PUBLISHED["questions"]
    audience = audiences_of(kind, [question.pk])["questions", question.pk]
    saw = {
        name
        for name, person in office.people().items()
        if person.is_active and feed.reader_of(person).saw(audience)
    }
    assert saw == seers(office, question)
