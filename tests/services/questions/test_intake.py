"""Taking questions in: by staff, by the liaison officer, by the enterprise through its link."""

from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from PIL import Image

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessEntry, OutgoingMail
from leads.permissions import NotAllowed
from services.actions.asking_links import give_link, revoke_link
from services.actions.intake import AskedBefore, ask_by_link, take_in_question
from services.models import AskingLink, Liaison, Question, QuestionEvent, QuestionFile
from services.signed_links import LinkRefused, asking_token, read_asking
from tests.factories import log_a_lead
from tests.services.questions.office import Office, a_link, a_question, at, question_values

pytestmark = pytest.mark.django_db
NOW = at("2024-11-18")


def ask(office: Office, link, **kwargs) -> Question:
    return ask_by_link(link=link, values=question_values(office), now=NOW, **kwargs)


def a_photo(name: str = "现场.jpg") -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (8, 8)).save(content, "JPEG")
    return SimpleUploadedFile(name, content.getvalue())


def test_staff_take_a_question_in(office: Office) -> None:
    question = a_question(office, now=NOW)
    assert (question.state, question.source, question.taken_in_by) == (
        "received",
        "staff",
        office.service,
    )
    assert question.number == f"WT{question.pk:06d}"
    assert list(question.events.values_list("kind", flat=True)) == ["taken_in"]


def test_of_the_liaison_officer_it_says_so(office: Office) -> None:
    assert a_question(office, by=office.officer).source == "liaison"


def test_the_enterprise_is_written_to_with_the_days(office: Office) -> None:
    question = a_question(office, now=NOW)
    letter = OutgoingMail.objects.get(kind="question:taken_in")
    assert (letter.addressee, letter.address) == ("周敏", "zhou.min@example.com")
    assert question.number in letter.subject


def test_without_an_address_nobody_is_written_to(office: Office) -> None:
    a_question(office, contact_email="")
    assert not OutgoingMail.objects.filter(recipient=None).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "长" * 81),
        ("text", "\n \n"),
        ("text", "长" * 2001),
        ("contact_phone", "12"),
        ("contact_phone", "打我电话"),
        ("contact_email", "zhou@"),
        ("contact_email", "a@b.c\r\nBcc: x@y.z"),
        ("contact_email", "a@例子.中国"),  # an address, but none that mail goes to from here
        ("place", "长" * 101),
        ("category", None),
    ],
)
def test_bad_input_is_refused_at_its_field(office: Office, field: str, value) -> None:
    with pytest.raises(RuleViolation) as refused:
        a_question(office, **{field: value})
    assert refused.value.field == field
    assert not Question.objects.exists()


def test_a_title_with_line_breaks_becomes_one_line(office: Office) -> None:
    assert a_question(office, title="厂房\r\n加层").title == "厂房 加层"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("坏.exe", b"MZ", "file_kind"),
        ("假.jpg", b"no picture", "file_content"),
        ("空.pdf", b"", "file_empty"),
        ("无结尾", b"%PDF-1.4", "file_name"),
    ],
)
def test_a_file_that_is_not_what_it_says_takes_no_question_in(
    office: Office, name: str, content: bytes, code: str
) -> None:
    upload = SimpleUploadedFile(name, content)
    with pytest.raises(RuleViolation) as refused:
        ask(office, a_link(office), uploads=[a_photo(), upload])
    assert refused.value.code == code
    assert not Question.objects.exists()


def test_a_file_of_200_mb_is_refused_unread(office: Office) -> None:
    upload = a_photo()
    upload.size = 200 * 1024 * 1024
    with pytest.raises(RuleViolation) as refused:
        ask(office, a_link(office), uploads=[upload])
    assert refused.value.code == "file_size"


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "broken", ["question_mails.confirm_intake", "question_notices.tell_intake"]
)
def test_of_an_intake_that_fails_no_file_stays(
    office: Office, settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    settings.MEDIA_ROOT = tmp_path
    link = a_link(office)
    ask(office, link, uploads=[a_photo()])
    assert len(files_under(tmp_path)) == 1

    def refuse(*_args: object) -> None:
        raise RuleViolation("bad_address", "no way there", "contact_email")

    monkeypatch.setattr(f"services.actions.{broken}", refuse)
    with pytest.raises(RuleViolation):
        ask(office, link, uploads=[a_photo()])
    assert len(files_under(tmp_path)) == 1
    assert QuestionFile.objects.count() == 1


def test_a_file_name_loses_its_line_breaks(office: Office) -> None:
    ask(office, a_link(office), uploads=[a_photo("现场\r\n照片.jpg")])
    assert QuestionFile.objects.get().name == "现场照片.jpg"


def test_more_than_ten_files_are_refused(office: Office) -> None:
    with pytest.raises(RuleViolation) as refused:
        ask(office, a_link(office), uploads=[a_photo() for _ in range(11)])
    assert refused.value.code == "too_many_files"


def test_a_company_under_negotiation_is_named_by_its_team_only(office: Office) -> None:
    lead = log_a_lead(by=office.cast.member_a)
    values = question_values(office)
    for person in (office.service, office.clerk, office.cast.member_b):
        with pytest.raises(NotAllowed):
            take_in_question(enterprise=lead.enterprise, values=values, by=person)
    assert take_in_question(enterprise=lead.enterprise, values=values, by=office.cast.member_a).pk


def test_of_a_company_behind_a_confidential_lead_the_question_is_confidential(
    office: Office,
) -> None:
    lead = log_a_lead(by=office.cast.member_a, confidential=True, code_name="启明")
    question = take_in_question(
        enterprise=lead.enterprise, values=question_values(office), by=office.cast.member_a
    )
    assert question.confidential
    Liaison.objects.create(
        enterprise=lead.enterprise,
        officer=office.cast.head_a,
        since=question.started_on,
        appointed_by=office.cast.head_a,
    )
    assert not Question.objects.visible_to(office.service).exists()


# --- Through the link --------------------------------------------------------------------------


def test_the_enterprise_asks_through_its_link(office: Office) -> None:
    question = ask(office, a_link(office), address="203.0.113.9")
    assert (question.source, question.taken_in_by, question.asked_from) == (
        "link",
        None,
        "203.0.113.9",
    )
    assert question.enterprise == office.company


def test_a_form_that_comes_twice_is_taken_once(office: Office) -> None:
    link, number = a_link(office), uuid4()
    first = ask(office, link, sent_as=number)
    with pytest.raises(AskedBefore) as before:
        ask(office, link, sent_as=number)
    assert before.value.question == first
    assert Question.objects.count() == 1


def test_a_link_takes_three_questions_in_24_hours(office: Office) -> None:
    link = a_link(office, now=NOW)
    for _ in range(3):
        ask(office, link)
    with pytest.raises(RuleViolation) as refused:
        ask(office, link)
    assert refused.value.code == "too_many"
    later = NOW + timedelta(hours=24, minutes=1)
    assert ask_by_link(link=link, values=question_values(office), now=later).pk


def test_a_network_address_takes_five_over_all_links(office: Office) -> None:
    links = [a_link(office, now=NOW) for _ in range(2)]
    for number in range(5):
        ask(office, links[number % 2], address="203.0.113.9")
    with pytest.raises(RuleViolation) as refused:
        ask(office, links[1], address="203.0.113.9")
    assert refused.value.code == "too_many_here"
    assert ask(office, links[1], address="203.0.113.10").pk


@pytest.mark.parametrize("token", ["", "abc", "MQ:abc", "MQ", "x" * 5000, "Mg==:x", "周敏"])
def test_a_forged_link_is_refused(office: Office, token: str) -> None:
    a_link(office)
    with pytest.raises(LinkRefused) as refused:
        read_asking(token)
    assert not refused.value.is_expired


def test_a_link_of_another_kind_is_forged(office: Office) -> None:
    with pytest.raises(LinkRefused):
        read_asking(signing.Signer(salt="services.rating").sign_object(a_link(office).pk))


def test_a_link_ends_on_its_day_or_when_it_is_taken_back(office: Office) -> None:
    link = a_link(office, now=NOW)
    token = asking_token(link)
    assert link.expires_on == date(2025, 11, 18)
    assert read_asking(token, at("2025-11-18")) == link
    with pytest.raises(LinkRefused) as expired:
        read_asking(token, at("2025-11-19"))
    assert expired.value.is_expired
    revoke_link(link=link, by=office.service)
    with pytest.raises(LinkRefused):
        read_asking(token, NOW)
    with pytest.raises(RuleViolation):
        ask(office, link)


@pytest.mark.parametrize("address", ["zhou@", "a@例子.中国"])
def test_a_link_goes_to_no_address_that_is_none(office: Office, settings, address: str) -> None:
    settings.SITE_URL = "https://zone.example.cn"
    with pytest.raises(RuleViolation) as refused:
        a_link(office, contact_email=address)
    assert refused.value.field == "contact_email"
    assert not AskingLink.objects.exists()


def test_giving_a_link_is_on_record_and_not_everybodys(office: Office) -> None:
    a_link(office)
    assert AccessEntry.objects.filter(subject="asking_link.given").count() == 1
    for person in (office.clerk, office.cast.member_a, office.cast.outsider):
        with pytest.raises(NotAllowed):
            give_link(enterprise=office.company, contact_name="周敏", by=person)


def test_events_are_final(office: Office) -> None:
    a_question(office)
    with pytest.raises(DatabaseError), transaction.atomic():
        QuestionEvent.objects.update(text="别的")
