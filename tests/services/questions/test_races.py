"""The same form twice at the same moment, and two people who appoint: one counts, one is told."""

from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kfq_crm.base.errors import RuleViolation
from services.actions.intake import AskedBefore, ask_by_link, take_in_question
from services.actions.liaison import VisitedBefore, appoint_officer, end_liaison, log_visit
from services.models import Liaison, Question, QuestionFile, Tier, Visit
from tests.services.questions.office import Office, a_link, at, question_values
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("2024-11-18")


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def a_paper() -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile("说明.pdf", b"%PDF-1.7")]


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_question_sent_twice_at_once_is_taken_once(office: Office, media: Path) -> None:
    number, values = uuid4(), question_values(office)

    def send() -> Question:
        return take_in_question(
            enterprise=office.company,
            values=values,
            uploads=a_paper(),
            sent_as=number,
            by=office.service,
            now=NOW,
        )

    outcomes = sorted(at_once(send, send), key=lambda one: isinstance(one, Exception))
    first, second = outcomes
    assert isinstance(second, AskedBefore)
    assert second.question == first == Question.objects.get()
    assert len(files_under(media)) == QuestionFile.objects.count() == 1


def test_a_visit_sent_twice_at_once_is_one_visit(office: Office, media: Path) -> None:
    number = uuid4()
    asked = {"title": "加层手续", "text": "怎么办？", "category": office.category}

    def send() -> Visit:
        return log_visit(
            enterprise=office.company,
            visited_on=date(2024, 11, 18),
            values={"purpose": "liaison", "summary": "看了新线"},
            question=asked,
            uploads=a_paper(),
            sent_as=number,
            by=office.officer,
            now=NOW,
        )

    first, second = sorted(at_once(send, send), key=lambda one: isinstance(one, Exception))
    assert isinstance(second, VisitedBefore)
    assert second.visit == first == Visit.objects.get()
    assert Question.objects.count() == 1
    assert len(files_under(media)) == QuestionFile.objects.count() == 1


@pytest.mark.parametrize("is_cared_for", [True, False])
def test_of_two_who_appoint_at_once_the_second_is_told(office: Office, is_cared_for: bool) -> None:
    if not is_cared_for:
        end_liaison(liaison=Liaison.objects.get(), reason="调离", by=office.service)
    seen = Liaison.objects.active().filter(enterprise=office.company).first()

    def appoint(name: str) -> Liaison:
        return appoint_officer(
            enterprise=office.company,
            officer=getattr(office, name),
            tier=Tier.REGULAR,
            reason="分工调整",
            instead_of=seen.pk if seen else 0,
            by=office.service,
        )

    outcomes = at_once(lambda: appoint("clerk"), lambda: appoint("service"))
    first, second = sorted(outcomes, key=lambda one: isinstance(one, Exception))
    assert isinstance(second, RuleViolation)
    assert second.code == "faster"
    assert Liaison.objects.active().get(enterprise=office.company) == first


def test_a_link_takes_the_same_form_once(office: Office, media: Path) -> None:
    link, number = a_link(office, now=NOW), uuid4()

    def send() -> Question:
        return ask_by_link(
            link=link,
            values=question_values(office),
            uploads=a_paper(),
            sent_as=number,
            now=NOW,
        )

    first, second = sorted(at_once(send, send), key=lambda one: isinstance(one, Exception))
    assert isinstance(second, AskedBefore)
    assert second.question == first == Question.objects.get()
    assert len(files_under(media)) == 1
