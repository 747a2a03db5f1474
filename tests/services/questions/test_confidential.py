"""A confidential question is seen by few, and always by somebody who can act on it."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission

from kfq_crm.base import feed
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.feed.reach import audiences_of
from kfq_crm.base.models import OutgoingMail, User
from leads.models import Enterprise, Lead
from services.actions.asking_links import give_link
from services.actions.extensions import ask_extension, decide_extension
from services.actions.handling import correct_question, hand_over_question, verify_question
from services.actions.intake import ask_by_link, take_in_question
from services.actions.liaison import appoint_officer
from services.actions.question_notices import KIND
from services.models import Department, Liaison, Question, Tier
from services.question_rights import rights_over
from tests.factories import log_a_lead
from tests.services.questions.office import Office, a_question, question_values

pytestmark = pytest.mark.django_db

SERVICE_OFFICE = {"coordinator", "service", "officer"}


def people(office: Office) -> dict[str, User]:
    """As they are now: what was asked of their rights before is forgotten."""
    return {name: User.objects.get(pk=person.pk) for name, person in office.people().items()}


def seers(office: Office, question: Question) -> set[str]:
    return {
        name
        for name, person in people(office).items()
        if Question.objects.visible_to(person).filter(pk=question.pk).exists()
    }


def actors(office: Office, question: Question) -> set[str]:
    """Who sees the question and may verify it, work on it or decide on more time for it."""
    everybody = people(office)
    found = set()
    for name in seers(office, question):
        rights = rights_over(everybody[name], Question.objects.get(pk=question.pk))
        asked = question.extensions.filter(decided_at=None).first()
        if rights.verify or rights.work or (asked and rights.may_decide(everybody[name], asked)):
            found.add(name)
    return found


def deciders(office: Office, question: Question) -> set[str]:
    """Who sees the question and may decide on the time that is asked for."""
    everybody = people(office)
    asked = question.extensions.get(decided_at=None)
    return {
        name
        for name in seers(office, question)
        if rights_over(everybody[name], asked.question).may_decide(everybody[name], asked)
    }


# --- Questions in every situation -------------------------------------------------------------


def hide(lead: Lead) -> None:
    Lead.objects.filter(pk=lead.pk).update(confidential=True, code_name="启明")


def a_secret_company(office: Office) -> Enterprise:
    """Known by a confidential lead of a team's member; nobody looks after it."""
    lead = log_a_lead(by=office.cast.member_a, confidential=True, code_name="启明")
    return lead.enterprise


def asked_by_link(office: Office) -> Question:
    """Given out by the coordination office before the lead became confidential."""
    lead = log_a_lead(by=office.cast.member_a)
    link = give_link(enterprise=lead.enterprise, by=office.cast.coordinator, contact_name="周敏")
    hide(lead)
    return ask_by_link(link=link, values=question_values(office))


def taken_in_by_team(office: Office) -> Question:
    return take_in_question(
        enterprise=a_secret_company(office),
        values=question_values(office),
        by=office.cast.member_a,
    )


def ticked(office: Office) -> Question:
    """Of an enterprise that an official of the fire brigade looks after."""
    Liaison.objects.update(officer=office.other)
    return a_question(office, confidential=True)


def after_the_care_ended(office: Office) -> Question:
    question = ticked(office)
    Liaison.objects.update(ended_on=question.started_on, end_reason="调离", next_visit_on=None)
    return question


def with_a_disabled_officer(office: Office) -> Question:
    question = ticked(office)
    User.objects.filter(pk=office.other.pk).update(is_active=False)
    return question


def with_an_officer_without_a_role(office: Office) -> Question:
    question = ticked(office)
    office.other.groups.clear()
    return question


def at_a_department(office: Office) -> Question:
    return verify_question(question=ticked(office), department=office.housing, by=office.other)


def at_a_department_without_people(office: Office) -> Question:
    question = at_a_department(office)
    Department.objects.filter(pk=office.housing.pk).update(head=None)
    office.housing.members.clear()
    return question


def at_a_department_without_an_officer(office: Office) -> Question:
    question = at_a_department_without_people(office)
    Liaison.objects.update(ended_on=question.started_on, end_reason="调离", next_visit_on=None)
    return question


def with_time_asked_for(office: Office) -> Question:
    """By the department's head, who cannot decide on it."""
    question = at_a_department(office)
    later = current_calendar().add_workdays(question.solve_by, 1)
    ask_extension(question=question, until=later, reason="等专家", by=office.head)
    question.refresh_from_db()
    return question


def about_a_lead_hidden_later(office: Office) -> Question:
    lead = log_a_lead(by=office.cast.member_a)
    question = take_in_question(
        enterprise=lead.enterprise,
        lead=lead,
        values=question_values(office),
        by=office.cast.member_a,
    )
    hide(lead)
    return question


SITUATIONS = (
    asked_by_link,
    taken_in_by_team,
    ticked,
    after_the_care_ended,
    with_a_disabled_officer,
    with_an_officer_without_a_role,
    at_a_department,
    at_a_department_without_people,
    at_a_department_without_an_officer,
    with_time_asked_for,
    about_a_lead_hidden_later,
)
situations = pytest.mark.parametrize("situation", SITUATIONS, ids=lambda made: made.__name__)
Situation = Callable[[Office], Question]


@situations
def test_every_open_question_is_seen_by_somebody_who_can_act(
    office: Office, situation: Situation
) -> None:
    question = situation(office)
    if question.taken_in_by_id:  # who is not always there
        Question.objects.filter(pk=question.pk).update(taken_in_by=office.cast.disabled)
    assert question.is_open
    assert actors(office, question)


@situations
def test_the_feed_remembers_who_saw_a_confidential_question(
    office: Office, situation: Situation
) -> None:
    question = situation(office)
    kind = feed.PUBLISHED["questions"]
    audience = audiences_of(kind, [question.pk])["questions", question.pk]
    saw = {
        name
        for name, person in people(office).items()
        if person.is_active and feed.reader_of(person).saw(audience)
    }
    assert saw == seers(office, question)


# --- Who stands in for whom -------------------------------------------------------------------


def test_what_came_by_link_is_seen_by_who_gave_the_link(office: Office) -> None:
    question = asked_by_link(office)
    Liaison.objects.create(
        enterprise=question.enterprise,
        officer=office.cast.member_b,
        since=question.started_on,
        appointed_by=office.cast.head_a,
        confidential=True,
    )
    assert seers(office, question) == {"coordinator", "member_b"}


def test_service_staff_stand_in_while_nobody_looks_after_the_enterprise(office: Office) -> None:
    question = taken_in_by_team(office)
    assert seers(office, question) == SERVICE_OFFICE | {"member_a"}
    assert actors(office, question) == SERVICE_OFFICE
    appoint_officer(
        enterprise=question.enterprise,
        officer=office.cast.member_b,
        tier=Tier.KEY,
        by=_who_may_appoint(office),
    )
    assert seers(office, question) == {"member_a", "member_b"}
    assert actors(office, question) == {"member_b"}


def _who_may_appoint(office: Office) -> User:
    """Service staff who read the confidential lead."""
    Lead.objects.get(confidential=True).readers.add(office.service)
    return office.service


def test_who_directs_but_sees_no_other_questions_does_not_see_these(office: Office) -> None:
    direct = Permission.objects.get(codename="direct_questions")
    office.cast.member_b.user_permissions.add(direct)
    assert "member_b" not in seers(office, taken_in_by_team(office))


def test_the_officer_decides_where_no_head_can(office: Office) -> None:
    question = with_time_asked_for(office)
    Question.objects.update(taken_in_by=office.cast.disabled)
    assert deciders(office, question) == {"other"}
    asked = question.extensions.get()
    decide_extension(extension=asked, granted=True, reason="情况属实", by=office.other)
    assert question.extensions.get().granted


def test_the_officer_hands_a_question_on_that_nobody_answers(office: Office) -> None:
    question = at_a_department_without_people(office)
    moved = hand_over_question(
        question=question, department=office.fire, reason="无人承办", by=office.other
    )
    assert moved.department == office.fire


def test_of_other_questions_the_officer_leaves_the_work_to_service_staff(office: Office) -> None:
    Liaison.objects.update(officer=office.other)
    question = verify_question(
        question=a_question(office), department=office.housing, by=office.service
    )
    assert not rights_over(office.other, question).work


# --- Leads that become confidential -----------------------------------------------------------


def test_a_question_is_hidden_with_its_lead(office: Office) -> None:
    lead = log_a_lead(by=office.cast.member_a)
    question = take_in_question(
        enterprise=lead.enterprise,
        lead=lead,
        values=question_values(office),
        by=office.cast.member_a,
    )
    appoint_officer(
        enterprise=lead.enterprise,
        officer=office.other,
        tier=Tier.KEY,
        by=office.cast.coordinator,
    )
    assert seers(office, question) >= SERVICE_OFFICE
    hide(lead)
    assert seers(office, question) == {"member_a", "head_a", "other"}
    assert actors(office, question) == {"other"}


def test_a_notice_of_a_lead_hidden_since_gives_no_words(office: Office) -> None:
    """Handed to an official who learns the rest on the page."""
    question = about_a_lead_hidden_later(office)
    OutgoingMail.objects.all().delete()
    verify_question(
        question=question,
        department=office.housing,
        handler=office.clerk,
        by=office.service,
    )
    letter = OutgoingMail.objects.get(kind=KIND, recipient=office.clerk)
    assert question.title not in letter.subject + letter.text
    assert question.number in letter.subject


def test_confidential_is_not_taken_off_a_secret_companys_question(office: Office) -> None:
    question = taken_in_by_team(office)
    values = question_values(office, confidential=False)
    correct_question(question=question, values=values, by=office.cast.member_a)
    question.refresh_from_db()
    assert question.confidential


def test_confidential_is_taken_off_where_nothing_hides_the_company(office: Office) -> None:
    question = ticked(office)
    values = question_values(office, confidential=False)
    correct_question(question=question, values=values, by=office.other)
    question.refresh_from_db()
    assert not question.confidential
