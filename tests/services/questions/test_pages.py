"""Pages of staff: what a list costs, what its parts hold, buttons only for what one may do."""

import re
from datetime import date

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.test import Client

from kfq_crm.base.models import OutgoingMail
from services.actions.extensions import ask_extension
from services.actions.liaison import appoint_officer, log_visit
from services.admin.liaison_verbs import NOT_SENT
from services.models import Liaison, Question, Visit
from tests.services.questions.office import (
    Office,
    a_feedback,
    a_question,
    a_secret_care,
    a_verified,
    an_answered,
    at,
)

pytestmark = pytest.mark.django_db
NOW = at("2024-11-18")
LIST = "/admin/services/question/"
VERB = re.compile(r"/admin/services/question/\d+/([a-z-]+)/")


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False):
        yield


def listed(client: Client, tab: str) -> set[str]:
    text = client.get(LIST, {"tab": tab}).content.decode()
    return set(re.findall(r"WT\d{6}", text))


def verbs(client: Client, question: Question) -> set[str]:
    text = client.get(f"/admin/services/question/{question.pk}/page/").content.decode()
    return set(VERB.findall(text)) - {"page"}


def test_the_parts_of_the_list(client: Client, office: Office) -> None:
    new = a_question(office, now=NOW)
    late = a_verified(office, now=at("2024-11-01"))
    fire = a_verified(office, now=NOW)
    Question.objects.filter(pk=fire.pk).update(department=office.fire)
    done = a_feedback(office, now=NOW).question
    client.force_login(office.clerk)
    assert listed(client, "department") == {late.number}
    assert listed(client, "overdue") == {late.number}
    assert listed(client, "mine") == set()
    client.force_login(office.officer)
    assert listed(client, "mine") == {new.number, late.number, fire.number}
    assert listed(client, "all") == {new.number, late.number, fire.number, done.number}


@pytest.mark.parametrize("rows", [1, 50])
def test_the_list_asks_as_often_at_one_row_as_at_fifty(
    client: Client, office: Office, django_assert_num_queries, rows: int
) -> None:
    for number in range(rows):
        (a_question if number % 2 else a_verified)(office, now=NOW)
    client.force_login(office.service)
    client.get(LIST)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(LIST, {"tab": "all"})


@pytest.mark.parametrize("rows", [1, 12])
def test_the_page_asks_as_often_however_long_its_story(
    client: Client, office: Office, django_assert_num_queries, rows: int
) -> None:
    question = an_answered(office, now=NOW)
    for _ in range(rows):
        question.events.create(kind="noted", at=NOW, by=office.clerk, text="备注")
    client.force_login(office.clerk)
    address = f"/admin/services/question/{question.pk}/page/"
    client.get(address)
    with django_assert_num_queries(PAGE_QUERIES):
        client.get(address)


@pytest.mark.parametrize(
    ("stage", "person", "expected"),
    [
        ("new", "service", {"verify", "decline", "note", "attach", "correct", "reveal"}),
        ("new", "officer", {"verify", "decline", "note", "attach", "correct"}),
        (
            "verified",
            "clerk",
            {
                *("answer", "feed-back", "ask-extension", "hand-over"),
                *("note", "attach", "correct"),
            },
        ),
        ("answered", "head", {*("feed-back", "ask-extension", "hand-over", "keep-answer")}),
        ("closed", "clerk", {"keep-answer", "note", "attach"}),
    ],
)
def test_only_what_this_person_may_do_is_offered(
    client: Client, office: Office, stage: str, person: str, expected: set[str]
) -> None:
    make = {
        "new": a_question,
        "verified": a_verified,
        "answered": an_answered,
        "closed": a_feedback,
    }[stage]
    made = make(office, now=NOW)
    question = made.question if stage == "closed" else made
    client.force_login(getattr(office, person))
    offered = verbs(client, question)
    assert expected - {"reveal"} <= offered
    never = {"verify", "decline"} if stage != "new" else {"answer", "feed-back", "hand-over"}
    assert not offered & never
    for verb in offered - {"reveal"}:
        address = f"/admin/services/question/{question.pk}/{verb}/"
        assert client.get(address).status_code == 200


def test_a_head_who_is_no_member_can_be_named(client: Client, office: Office) -> None:
    question = a_question(office, now=NOW)
    client.force_login(office.service)
    address = f"/admin/services/question/{question.pk}/verify/"
    field = client.get(address).context["form"].fields["handler"]
    labels = {str(label) for _key, label in field.choices if "住建" in str(label)}
    assert labels == {"住建局长 · 住房和城乡建设局", "住建科员 · 住房和城乡建设局"}
    form = {
        "category": office.category.pk,
        "department": office.housing.pk,
        "handler": office.head.pk,
        "expected_version": question.version,
    }
    assert client.post(address, form).status_code == 302
    assert Question.objects.get().handler == office.head


def test_the_head_is_offered_the_decision(client: Client, office: Office) -> None:
    question = a_verified(office, now=NOW)
    ask_extension(
        question=question, until=date(2024, 12, 10), reason="补图", by=office.clerk, now=NOW
    )
    client.force_login(office.head)
    text = client.get(f"/admin/services/question/{question.pk}/page/").content.decode()
    assert "/decide/" in text
    client.force_login(office.clerk)
    text = client.get(f"/admin/services/question/{question.pk}/page/").content.decode()
    assert "/decide/" not in text


def test_the_number_is_masked_and_its_look_is_on_record(client: Client, office: Office) -> None:
    question = a_verified(office, now=NOW)
    address = f"/admin/services/question/{question.pk}/"
    client.force_login(office.clerk)
    assert "13812345678" not in client.get(address + "page/").content.decode()
    assert "13812345678" in client.post(address + "reveal/").content.decode()
    client.force_login(office.service)  # who took it in
    assert "13812345678" in client.get(address + "page/").content.decode()


def test_the_quick_form_takes_a_question_in(client: Client, office: Office) -> None:
    client.force_login(office.officer)
    address = f"/admin/services/question/take-in/?enterprise={office.company.pk}"
    form = {"title": "断电", "text": "何时修复？", "category": office.category.pk}
    answer = client.post(address, form, follow=True)
    assert answer.status_code == 200
    assert Question.objects.get().source == "liaison"


@pytest.mark.parametrize("key", ["x", "-1", "999999999", "9" * 40, "１"])
def test_a_company_that_may_not_be_named_is_asked_for_again(
    client: Client, office: Office, key: str
) -> None:
    client.force_login(office.clerk)
    answer = client.get(f"/admin/services/question/take-in/?enterprise={key}")
    assert "哪家企业" in answer.content.decode()


def test_one_visit_too_many_is_told_before_it_is_paid(client: Client, office: Office) -> None:
    values = {"purpose": "research", "summary": "调研"}
    for _ in range(2):
        log_visit(
            enterprise=office.company,
            visited_on=date(2024, 11, 15),
            values=values,
            by=office.service,
            now=NOW,
        )
    client.force_login(office.officer)
    answer = client.get(f"/admin/services/visit/log/?enterprise={office.company.pk}")
    assert "走访过于频繁" in answer.content.decode()


LIST_QUERIES = 11
PAGE_QUERIES = 18


def test_the_office_appoints_on_a_page(client: Client, office: Office) -> None:
    client.force_login(office.service)
    address = f"/admin/services/liaison/appoint/?enterprise={office.company.pk}"
    assert "住建科员" in client.get(address).content.decode()
    form = {"officer": office.clerk.pk, "tier": "regular", "reason": "分工调整"}
    assert "住建科员" in client.post(address, form, follow=True).content.decode()


def test_who_was_appointed_meanwhile_is_shown_before_he_is_relieved(
    client: Client, office: Office
) -> None:
    client.force_login(office.service)
    address = f"/admin/services/liaison/appoint/?enterprise={office.company.pk}"
    seen = Liaison.objects.get().pk
    form = {"officer": office.clerk.pk, "tier": "regular", "reason": "分工", "instead_of": seen}
    assert f'name="instead_of" value="{seen}"' in client.get(address).content.decode()
    given = {"officer": office.head, "tier": "key", "reason": "调整", "by": office.service}
    first = appoint_officer(enterprise=office.company, **given)
    text = client.post(address, form).content.decode()
    assert Liaison.objects.active().get() == first
    assert office.head.display_name in text
    assert f'name="instead_of" value="{first.pk}"' in text
    assert client.post(address, {**form, "instead_of": first.pk}).status_code == 302
    assert Liaison.objects.active().get().officer == office.clerk


def test_the_care_of_a_confidential_company_is_appointed_and_changed_on_a_page(
    client: Client, office: Office
) -> None:
    """Who appoints sees what came of it, and sees an officer whom somebody else appointed."""
    care = a_secret_care(office, by=office.cast.coordinator)
    office.service.user_permissions.add(Permission.objects.get(codename="see_all_teams"))
    client.force_login(office.service)
    address = f"/admin/services/liaison/appoint/?enterprise={care.enterprise_id}"
    assert f'name="instead_of" value="{care.pk}"' in client.get(address).content.decode()
    form = {"officer": office.clerk.pk, "tier": "key", "reason": "分工", "instead_of": care.pk}
    answer = client.post(address, form, follow=True)
    assert answer.status_code == 200
    assert Liaison.objects.active().get(enterprise=care.enterprise_id).officer == office.clerk


def test_a_link_is_given_on_a_page_and_its_address_shown(client: Client, office: Office) -> None:
    client.force_login(office.service)
    address = f"/admin/services/link/give/?enterprise={office.company.pk}"
    answer = client.post(address, {"contact_name": "周敏"}, follow=True)
    assert "/admin/ask/" in answer.content.decode()


@pytest.mark.parametrize("site", ["https://zone.example.cn", ""])
def test_whether_a_link_is_sent_is_said_before_and_after(
    client: Client, office: Office, settings, site: str
) -> None:
    settings.SITE_URL = site
    client.force_login(office.service)
    address = f"/admin/services/link/give/?enterprise={office.company.pk}"
    helps = client.get(address).context["form"].fields["contact_email"].help_text
    assert (helps == NOT_SENT) is (not site)
    form = {"contact_name": "周敏", "contact_email": "zhou@example.com"}
    answer = client.post(address, form, follow=True)
    assert answer.context["was_mailed"] is bool(site)
    assert "zhou@example.com" in answer.content.decode()
    assert OutgoingMail.objects.filter(kind="question:link").exists() is bool(site)


def test_a_visit_is_logged_on_a_page_with_its_question(client: Client, office: Office) -> None:
    client.force_login(office.officer)
    address = f"/admin/services/visit/log/?enterprise={office.company.pk}"
    form = {
        "visited_on": "2024-11-18",
        "purpose": "liaison",
        "summary": "看新线",
        "asked_title": "断电",
        "asked_text": "何时修复？",
        "asked_category": office.category.pk,
    }
    assert client.post(address, form, follow=True).status_code == 200
    assert Question.objects.get().visit is not None


def test_another_visit_in_a_form_that_was_sent_is_shown_again(
    client: Client, office: Office
) -> None:
    client.force_login(office.officer)
    address = f"/admin/services/visit/log/?enterprise={office.company.pk}"
    number = "0b0e0000-0000-4000-8000-000000000001"
    form = {"visited_on": "2024-11-18", "purpose": "liaison", "summary": "看新线"}
    for _again in range(2):  # the same form twice is one visit
        assert client.post(address, {**form, "sent_as": number}).status_code == 302
    page = client.post(address, {**form, "summary": "又去一次", "sent_as": number})
    assert Visit.objects.count() == 1
    assert "又去一次" in page.content.decode()
    fresh = page.context["form"]["sent_as"].value()
    assert (
        client.post(address, {**form, "summary": "又去一次", "sent_as": fresh}).status_code == 302
    )
    assert Visit.objects.count() == 2


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("answer", {"answer": "已安排"}),
        ("feed-back", {"outcome": "solved", "text": "已办"}),
        ("hand-over", {"reason": "属消防", "department": "fire"}),
        ("ask-extension", {"until": "2024-12-10", "reason": "补图"}),
        ("note", {"text": "已电话"}),
        ("correct", {"title": "改", "text": "改", "category": "own", "place": "南园"}),
    ],
)
def test_each_verb_goes_through_its_page(
    client: Client, office: Office, verb: str, form: dict
) -> None:
    question = a_verified(office, now=NOW)
    names = {"fire": office.fire.pk, "own": office.category.pk}
    sent = {name: names.get(value, value) for name, value in form.items()}
    client.force_login(office.clerk)
    address = f"/admin/services/question/{question.pk}/{verb}/"
    answer = client.post(address, {**sent, "expected_version": question.version})
    assert answer.status_code == 302
    before = question.version
    question.refresh_from_db()
    assert question.version > before


def test_an_outdated_page_saves_nothing_and_says_who_saved(client: Client, office: Office) -> None:
    question = a_verified(office, now=NOW)
    client.force_login(office.clerk)
    address = f"/admin/services/question/{question.pk}/answer/"
    old = {"answer": "先", "expected_version": question.version}
    client.post(address, old)
    answer = client.post(address, {**old, "answer": "后"}, follow=True)
    assert "保存" in answer.content.decode()
    assert not question.events.filter(text="后").exists()
