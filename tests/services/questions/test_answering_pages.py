"""Pages that write to the enterprise: what was typed stays, whatever comes in between."""

import pytest
import time_machine
from django.test import Client

from services.actions.handling import answer_question, note_on_question
from services.actions.knowledge import keep_answer
from services.models import KnowledgeEntry, Question
from tests.services.questions.office import Office, a_feedback, a_verified, at

pytestmark = pytest.mark.django_db
NOW = at("2024-11-18")
TYPED = "已派人到现场查勘，三日内答复。"


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("answer", {"answer": TYPED}),
        ("feed-back", {"outcome": "partly", "text": TYPED}),
        ("ask-extension", {"until": "2024-12-10", "reason": TYPED}),
    ],
)
def test_what_was_typed_stays_when_a_colleague_was_faster(
    client: Client, office: Office, verb: str, form: dict
) -> None:
    question = a_verified(office, now=NOW)
    client.force_login(office.clerk)
    address = f"/admin/services/question/{question.pk}/{verb}/"
    sent = {**form, "expected_version": question.version}
    note_on_question(question=question, text="已电话", by=office.head, now=NOW)
    question.refresh_from_db()
    answer = client.post(address, sent)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert TYPED in text
    assert office.head.display_name in text  # who it was
    assert f'name="expected_version" value="{question.version}"' in text
    shown = {name: str(answer.context["form"][name].value()) for name in form}
    assert shown == form
    assert client.post(address, {**sent, "expected_version": question.version}).status_code == 302
    assert question.events.filter(text__contains=TYPED).exists()


def test_what_was_typed_can_be_copied_where_the_step_was_taken_meanwhile(
    client: Client, office: Office
) -> None:
    question = a_verified(office, now=NOW)
    client.force_login(office.clerk)
    address = f"/admin/services/question/{question.pk}/answer/"
    old = {"answer": TYPED, "expected_version": question.version}
    answer_question(question=question, answer="抢先", by=office.head, now=NOW)
    text = client.post(address, old).content.decode()
    assert TYPED in text
    assert 'name="expected_version"' not in text  # there is nothing to send any more


def an_entry(office: Office, answer: str) -> KnowledgeEntry:
    question = a_feedback(office, now=NOW).question
    values = {"title": "停电怎么办", "answer": answer, "basis": ""}
    return keep_answer(question=question, values=values, by=office.clerk)


def test_looking_up_knowledge_keeps_what_was_typed(client: Client, office: Office) -> None:
    an_entry(office, "供电所两小时内到场。")
    question = a_verified(office, now=NOW)
    client.force_login(office.clerk)
    address = f"/admin/services/question/{question.pk}/feed-back/"
    sent = {"outcome": "partly", "text": TYPED, "q": "停电", "expected_version": question.version}
    answer = client.post(f"{address}?look", sent)
    text = answer.content.decode()
    assert TYPED in text
    assert "停电怎么办" in text
    assert "errorlist" not in text
    assert f'action="{address}"' in text  # what is sent next goes to the verb again
    assert answer.context["form"]["outcome"].value() == "partly"
    assert question.state == Question.objects.get(pk=question.pk).state


def test_a_kept_answer_is_put_behind_what_was_typed(client: Client, office: Office) -> None:
    entry = an_entry(office, "供电所两小时内到场。")
    question = a_verified(office, now=NOW)
    client.force_login(office.clerk)
    address = f"/admin/services/question/{question.pk}/answer/?entry={entry.pk}"
    answer = client.post(address, {"answer": TYPED, "expected_version": question.version})
    assert answer.context["form"]["answer"].value() == f"{TYPED}\n\n供电所两小时内到场。"
    assert client.get(address).context["form"]["answer"].value() == "供电所两小时内到场。"
    assert not question.events.filter(kind="answered").exists()


def test_a_kept_answer_too_long_is_cut_and_says_so(client: Client, office: Office) -> None:
    entry = an_entry(office, "长" * 1500 + "\r\n" * 100 + "尾" * 1500)
    question = a_verified(office, now=NOW)
    client.force_login(office.clerk)
    address = f"/admin/services/question/{question.pk}/answer/"
    page = client.get(f"{address}?entry={entry.pk}")
    draft = page.context["form"]["answer"].value()
    told = [str(message) for message in page.context["messages"]]
    assert len(told) == 1
    assert "2000" in told[0]
    as_sent = draft.replace("\n", "\r\n")  # as browsers send it
    sent = {"answer": as_sent, "expected_version": question.version}
    assert client.post(address, sent).status_code == 302


@pytest.mark.parametrize(
    ("site", "email", "is_rated"),
    [
        ("https://zone.example.cn", "zhou@example.com", True),
        ("https://zone.example.cn", "", False),
        ("", "zhou@example.com", False),
    ],
)
def test_who_feeds_back_reads_whether_it_is_rated(
    client: Client, office: Office, settings, site: str, email: str, is_rated: bool
) -> None:
    settings.SITE_URL = site
    question = a_verified(office, now=NOW, contact_email=email)
    client.force_login(office.clerk)
    page = client.get(f"/admin/services/question/{question.pk}/feed-back/")
    assert ("评价低的重新办理" in page.content.decode()) is is_rated
