"""Who corrects whom the enterprise is reached by: the link for the rating goes to that address."""

import pytest
import time_machine
from django.test import Client

from kfq_crm.base.models import OutgoingMail
from leads.permissions import NotAllowed
from services.actions.feedback import give_feedback, rate_feedback
from services.actions.handling import (
    answer_question,
    correct_question,
    hand_over_question,
    verify_question,
)
from services.actions.intake import ask_by_link
from services.actions.liaison import appoint_officer
from services.models import Liaison, Question, Tier
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
OWN = "clerk@example.com"
CONTACT = {"contact_name", "contact_phone", "contact_email"}


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False):
        yield


def by_link(office: Office) -> Question:
    question = ask_by_link(link=a_link(office), values=question_values(office), now=NOW)
    return verify_question(question=question, department=office.housing, by=office.service)


def other_officer(office: Office) -> None:
    """The liaison officer is somebody of no service staff."""
    seen = Liaison.objects.active().get(enterprise=office.company)
    appoint_officer(
        enterprise=office.company,
        officer=office.other,
        tier=Tier.KEY,
        reason="分工调整",
        instead_of=seen.pk,
        by=office.service,
    )


def test_who_answers_does_not_turn_the_rating_to_himself(office: Office) -> None:
    question = by_link(office)
    values = {"contact_email": OWN, "contact_name": "科员", "contact_phone": "", "place": "南园"}
    correct_question(question=question, values=values, by=office.clerk)
    give_feedback(question=question, outcome="solved", text="已办", by=office.clerk, now=NOW)
    question.refresh_from_db()
    assert question.place == "南园"
    assert (question.contact_name, question.contact_phone) == ("周敏", "13812345678")
    sent = OutgoingMail.objects.get(kind="question:fed_back")
    assert sent.address == "zhou.min@example.com"


@pytest.mark.parametrize("person", ["clerk", "head"])
def test_who_handles_what_staff_took_in_changes_no_address(office: Office, person: str) -> None:
    question = a_verified(office, now=NOW)
    values = {"contact_email": OWN, "contact_name": "周经理"}
    corrected = correct_question(question=question, values=values, by=getattr(office, person))
    assert corrected.contact_email == "zhou.min@example.com"
    assert corrected.contact_name == "周经理"


@pytest.mark.parametrize("person", ["service", "officer"])
def test_who_cares_for_the_enterprise_changes_the_address_and_it_is_told(
    office: Office, person: str
) -> None:
    question = by_link(office)
    by = getattr(office, person)
    correct_question(question=question, values={"contact_email": "new@firm.cn"}, by=by, now=NOW)
    question.refresh_from_db()
    assert question.contact_email == "new@firm.cn"
    line = question.events.latest("pk")
    assert (line.kind, line.by, line.at) == ("noted", by, NOW)
    for shown in ("z***@example.com", "n***@firm.cn"):
        assert shown in line.text
    for hidden in ("zhou.min", "new@"):
        assert hidden not in line.text


def test_an_address_that_stays_writes_no_line(office: Office) -> None:
    question = by_link(office)
    before = question.events.count()
    same = {"contact_email": "zhou.min@example.com", "place": "南园"}
    correct_question(question=question, values=same, by=office.service)
    assert question.events.count() == before


def test_an_officer_of_no_service_staff_corrects_the_contact_alone(office: Office) -> None:
    question = by_link(office)
    other_officer(office)
    values = {"contact_email": "new@firm.cn", "place": "南园"}
    corrected = correct_question(question=question, values=values, by=office.other)
    assert (corrected.contact_email, corrected.place) == ("new@firm.cn", "城北园区三号车间")


def test_who_took_it_in_changes_the_address_until_somebody_answers(office: Office) -> None:
    other_officer(office)
    question = a_question(office, by=office.other, now=NOW)
    other_than = appoint_officer(
        enterprise=office.company,
        officer=office.service,
        tier=Tier.KEY,
        reason="分工调整",
        instead_of=Liaison.objects.active().get(enterprise=office.company).pk,
        by=office.service,
    )
    assert other_than.officer == office.service
    verify_question(question=question, department=office.housing, by=office.service, now=NOW)
    values = {"contact_email": "new@firm.cn"}
    correct_question(question=question, values=values, by=office.other)
    answer_question(question=question, answer="已安排", by=office.clerk, now=NOW)
    correct_question(question=question, values={"contact_email": OWN}, by=office.other)
    question.refresh_from_db()
    assert question.contact_email == "new@firm.cn"


def test_a_low_rating_gives_the_address_back_to_nobody(office: Office) -> None:
    other_officer(office)
    question = a_feedback(office, by=office.other, now=NOW).question
    rate_feedback(feedback=question.feedbacks.get(), score=1, now=NOW)
    Liaison.objects.update(officer=office.service)
    correct_question(question=question, values={"contact_email": OWN}, by=office.other)
    question.refresh_from_db()
    assert question.contact_email == "zhou.min@example.com"


def test_who_had_it_before_and_goes_on_seeing_it_corrects_nothing(office: Office) -> None:
    question = a_verified(office, now=NOW)
    hand_over_question(
        question=question, department=office.fire, reason="属消防", by=office.clerk, now=NOW
    )
    with pytest.raises(NotAllowed):
        correct_question(question=question, values={"place": "南园"}, by=office.clerk)


@pytest.mark.parametrize(
    ("person", "asked_by_link", "left_out"),
    [
        ("clerk", True, CONTACT | {"title", "text", "confidential"}),
        ("clerk", False, {"contact_email", "contact_phone", "confidential"}),
        ("service", True, {"title", "text", "contact_phone"}),
        ("service", False, set()),
        ("officer", False, {"contact_phone"}),
    ],
)
def test_the_form_shows_only_what_one_may_correct(
    client: Client, office: Office, person: str, asked_by_link: bool, left_out: set[str]
) -> None:
    question = by_link(office) if asked_by_link else a_verified(office, now=NOW)
    client.force_login(getattr(office, person))
    page = client.get(f"/admin/services/question/{question.pk}/correct/")
    fields = set(page.context["form"].fields)
    known = {"title", "text", "category", "place", "confidential", *CONTACT}
    assert known - fields == left_out


def test_an_officer_is_offered_the_contact_alone(client: Client, office: Office) -> None:
    question = by_link(office)
    other_officer(office)
    client.force_login(office.other)
    page = client.get(f"/admin/services/question/{question.pk}/page/")
    address = f"/admin/services/question/{question.pk}/correct/"
    assert address in page.content.decode()
    form = {"contact_name": "周敏", "contact_email": "new@firm.cn"}
    sent = client.post(address, {**form, "expected_version": question.version})
    assert sent.status_code == 302
    question.refresh_from_db()
    assert question.contact_email == "new@firm.cn"


def test_the_history_of_changes_shows_no_number_and_no_address(
    client: Client, office: Office
) -> None:
    question = a_question(office, now=NOW)
    values = {"contact_phone": "13987654321", "contact_email": "new@firm.cn", "place": "南园"}
    correct_question(question=question, values=values, by=office.service)
    client.force_login(office.officer)
    page = client.get(f"/admin/services/question/{question.pk}/history/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "南园" in text
    assert "***" in text
    for hidden in ("13812345678", "13987654321", "zhou.min", "new@firm.cn"):
        assert hidden not in text
