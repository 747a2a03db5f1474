"""The enterprise's pages: opening changes nothing, forms write once, nothing from other hosts."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from kfq_crm.base.models import AccessEntry, Change
from services.actions.asking_links import revoke_link
from services.actions.feedback import rate_feedback
from services.models import Feedback, Question, QuestionEvent
from services.signed_links import asking_token, rating_token
from tests.services.questions.office import Office, a_feedback, a_link, at

pytestmark = pytest.mark.django_db
NOW = at("2024-11-18")


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False):
        yield


def ask_form(office: Office, **overrides) -> dict:
    return {
        "title": "厂区断电",
        "text": "昨夜三号变停电，何时修复？",
        "category": office.category.pk,
        "contact_name": "周敏",
        "contact_phone": "13812345678",
        "contact_email": "zhou.min@example.com",
        **overrides,
    }


@pytest.fixture
def asking(office: Office) -> str:
    return reverse("admin:ask", args=[asking_token(a_link(office))])


@pytest.fixture
def rating(office: Office) -> str:
    return reverse("admin:rate", args=[rating_token(a_feedback(office))])


def rows() -> tuple[int, ...]:
    return tuple(
        model.objects.count() for model in (Question, QuestionEvent, Feedback, Change, AccessEntry)
    )


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete"])
@pytest.mark.parametrize("which", ["asking", "rating"])
def test_opening_changes_nothing(
    client: Client, request: pytest.FixtureRequest, which: str, method: str
) -> None:
    """A mail scanner, a preview, a browser that loads ahead."""
    address = request.getfixturevalue(which)
    before = rows()
    for suffix in ("", "?score=5", "?asked=WT000001"):
        getattr(client, method)(address + suffix)
    assert rows() == before


def test_asking_tells_honestly_what_happens_next(
    client: Client, office: Office, asking: str
) -> None:
    answer = client.post(asking, ask_form(office), follow=True)
    text = answer.content.decode()
    question = Question.objects.get()
    assert answer.status_code == 200
    assert question.number in text
    for day in ("11月19日", "11月20日", "12月2日", "12月23日"):
        assert day in text
    assert "包联干部" in text


def test_without_an_address_it_says_that_there_is_no_link_to_rate(
    client: Client, office: Office, asking: str
) -> None:
    answer = client.post(asking, ask_form(office, contact_email=""), follow=True)
    assert answer.status_code == 200
    assert Question.objects.get().contact_email == ""
    assert "zhou.min" not in answer.content.decode()


@pytest.mark.parametrize(
    "bad",
    [
        {"title": ""},
        {"text": ""},
        {"category": "999999"},
        {"category": "x"},
        {"contact_phone": "abc"},
        {"contact_email": "nobody"},
        {"title": "长" * 81},
        {"contact_name": ""},
        {"contact_phone": "13812345678\x00"},
    ],
)
def test_bad_input_is_shown_again_and_not_taken(
    client: Client, office: Office, asking: str, bad: dict
) -> None:
    answer = client.post(asking, ask_form(office, **bad))
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not Question.objects.exists()


def test_the_same_form_twice_is_one_question(client: Client, office: Office, asking: str) -> None:
    form = ask_form(office, sent_as=number_in(client.get(asking).content.decode()))
    first, second = client.post(asking, form), client.post(asking, form)
    assert first["Location"] == second["Location"]
    assert Question.objects.count() == 1


def number_in(text: str) -> str:
    found = re.search(r'name="sent_as" value="([^"]+)"', text)
    assert found
    return found.group(1)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "道路积水", "text": "东门雨后积水，谁来修？"},
        {"text": "昨夜三号变停电，今夜又停，何时修复？"},
        {"file": "补充"},
    ],
)
def test_another_question_in_a_form_that_was_sent_is_shown_again_and_can_be_sent(
    client: Client, office: Office, asking: str, change: dict
) -> None:
    """The browser's Back brings the form with its number, and people write on in it."""
    number = number_in(client.get(asking).content.decode())
    client.post(asking, ask_form(office, sent_as=number))
    first = Question.objects.get()
    if "file" in change:
        change = {"file": SimpleUploadedFile("补充.pdf", b"%PDF-1.7")}
    answer = client.post(asking, ask_form(office, sent_as=number, **change))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert first.number in text
    assert "errorlist" in text
    again = {name: value for name, value in change.items() if name != "file"}
    for typed in again.values():
        assert typed in text
    fresh = number_in(text)
    assert fresh != number
    assert client.post(asking, ask_form(office, sent_as=fresh, **again)).status_code == 302
    assert Question.objects.count() == 2


def test_the_number_of_another_links_form_loses_no_words(
    client: Client, office: Office, asking: str
) -> None:
    number = number_in(client.get(asking).content.decode())
    client.post(asking, ask_form(office, sent_as=number))
    other = reverse("admin:ask", args=[asking_token(a_link(office))])
    text = client.post(other, ask_form(office, sent_as=number)).content.decode()
    assert "昨夜三号变停电" in text
    assert Question.objects.get().number not in text
    assert client.post(other, ask_form(office, sent_as=number_in(text))).status_code == 302
    assert Question.objects.count() == 2


def test_too_many_are_refused_by_429_and_told(client: Client, office: Office, asking: str) -> None:
    for _ in range(3):
        assert client.post(asking, ask_form(office)).status_code == 302
    refused = client.post(asking, ask_form(office))
    assert refused.status_code == 429
    assert Question.objects.count() == 3


def test_a_forged_an_expired_and_a_taken_back_link_open_the_same_kind_of_page(
    client: Client, office: Office
) -> None:
    link = a_link(office)
    address = reverse("admin:ask", args=[asking_token(link)])
    forged = reverse("admin:ask", args=[asking_token(link)[:-2] + "xx"])
    assert client.get(forged).status_code == client.post(forged).status_code == 410
    revoke_link(link=link, by=office.service)
    assert client.post(address, ask_form(office)).status_code == 410
    with time_machine.travel(NOW + timedelta(days=400), tick=False):
        assert client.get(address).status_code == 410
    assert not Question.objects.exists()


def test_a_number_of_another_link_shows_nothing(
    client: Client, office: Office, asking: str
) -> None:
    client.post(asking, ask_form(office, title="只有本链接可见"))
    other = reverse("admin:ask", args=[asking_token(a_link(office))])
    number = Question.objects.get().number
    for text in (client.get(other), client.get(f"{other}?asked={number}")):
        assert "只有本链接可见" not in text.content.decode()


@pytest.mark.parametrize(("site", "is_promised"), [("https://zone.example.cn", True), ("", False)])
def test_a_rating_is_promised_only_where_its_link_is_sent(
    client: Client, office: Office, asking: str, settings, site: str, is_promised: bool
) -> None:
    settings.SITE_URL = site
    assert ("评价低的重新办理" in client.get(asking).content.decode()) is is_promised
    receipt = client.post(asking, ask_form(office), follow=True).content.decode()
    assert ("评价链接" in receipt) is is_promised
    assert "zhou.min@example.com" in receipt


def test_rating_counts_once(client: Client, rating: str) -> None:
    assert client.get(rating).status_code == 200
    client.post(rating, {"score": "2", "words": "没有修好"})
    client.post(rating, {"score": "5", "words": "改主意"})
    feedback = Feedback.objects.get()
    assert (feedback.score, feedback.words) == (2, "没有修好")
    assert Question.objects.get().state == "verified"
    assert "没有修好" in client.get(rating).content.decode()


@pytest.mark.parametrize("score", ["", "0", "6", "five", "5.5", "５０"])
def test_a_rating_that_is_none_is_not_taken(client: Client, rating: str, score: str) -> None:
    assert client.post(rating, {"score": score}).status_code == 200
    assert Feedback.objects.get().score is None


def test_a_rating_after_its_time_is_told_so(client: Client, rating: str) -> None:
    with time_machine.travel(NOW + timedelta(days=11), tick=False):
        assert client.get(rating).status_code == 410
        client.post(rating, {"score": "1"})
    assert Feedback.objects.get().score is None


def test_a_forged_rating_link_is_refused(client: Client, rating: str) -> None:
    assert client.post(rating[:-3] + "zz/", {"score": "1"}).status_code == 410


@pytest.mark.parametrize("which", ["asking", "rating"])
def test_the_page_is_kept_by_nobody_and_loads_from_no_other_host(
    client: Client, request: pytest.FixtureRequest, which: str
) -> None:
    answer = client.get(request.getfixturevalue(which))
    text = answer.content.decode()
    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', text)


def test_a_telephone_on_record_is_not_shown_to_who_opens_the_link(
    client: Client, office: Office
) -> None:
    link = a_link(office, contact_phone="13812345678")
    text = client.get(reverse("admin:ask", args=[asking_token(link)])).content.decode()
    assert "13812345678" not in text


def test_a_low_rating_by_somebody_who_rated_already_reopens_nothing(
    client: Client, rating: str
) -> None:
    rate_feedback(feedback=Feedback.objects.get(), score=5)
    client.post(rating, {"score": "1"})
    assert Question.objects.get().state == "closed"
