"""记一笔: leads within reach, one transaction with the files, refusals at their field."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from zeal import zeal_context

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import User
from leads.actions.followups import log_follow_up
from leads.actions.pipeline import exit_lead
from leads.models import Attachment, Blocker, FollowUp, Lead
from tests.cast import Cast
from tests.factories import days_ago, follow_up, lead_in, log_a_lead
from tests.threads import at_once

pytestmark = pytest.mark.django_db
PAGE, FIND = "admin:quick_log", "admin:quick_log_leads"
MOST_QUERIES = 15
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00"
    b"\x00IEND\xaeB`\x82"
)


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def offered(page: HttpResponse) -> list[str]:
    choices = page.context["choices"]  # type: ignore[attr-defined]  # the test client's
    return [choice.lead.title for choice in choices]


def typed(lead: Lead | None = None, **values: Any) -> dict[str, Any]:
    """What a thumb sends: the lead, a sentence, the method that stands there already."""
    chosen = {"lead": lead.pk} if lead else {}
    return {**chosen, "summary": "电话谈了供电方案", "method": "call", "two_way": "on", **values}


def errors(page: HttpResponse) -> dict[str, list[str]]:
    assert page.status_code == 200
    return dict(page.context["form"].errors)  # type: ignore[attr-defined]  # the test client's


def photo(name: str = "现场.png", content: bytes = PNG) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def kept_files() -> list[str]:
    if not default_storage.exists("attachments"):
        return []
    return sorted(default_storage.listdir("attachments")[1])


# --- Which lead ------------------------------------------------------------------------------


def test_own_open_leads_stand_ready_the_latest_first(client: Client, cast: Cast) -> None:
    old = log_a_lead(by=cast.member_a, title="旧的")
    new = log_a_lead(by=cast.member_a, title="新的")
    follow_up(old, by=cast.member_a, occurred_at=days_ago(9))
    follow_up(new, by=cast.member_a, occurred_at=days_ago(1))
    log_a_lead(by=cast.second_member_a, title="同事的")
    gone = log_a_lead(by=cast.member_a, title="终止的")
    exit_lead(lead=gone, exit="lost", reason="contact_lost", by=cast.member_a)
    assert offered(as_(client, cast.member_a).get(reverse(PAGE))) == ["新的", "旧的"]


def test_whoever_has_no_lead_is_offered_the_newest_of_the_team(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a, title="先记的")
    log_a_lead(by=cast.member_a, title="后记的")
    log_a_lead(by=cast.member_b, title="他链的", secondary_chains=[cast.chain_a])
    assert offered(as_(client, cast.head_a).get(reverse(PAGE))) == ["后记的", "先记的"]


def test_a_lead_in_the_address_is_chosen(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a, title="我的")
    lead = log_a_lead(by=cast.second_member_a, title="同事的")
    page = as_(client, cast.member_a).get(reverse(PAGE), {"lead": lead.pk})
    assert offered(page) == ["同事的", "我的"]
    assert [choice.is_chosen for choice in page.context["choices"]] == [True, False]


def test_search_finds_leads_of_the_team_by_words_and_initials(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.second_member_a, title="航空发动机叶片", investor="鸿蒙动力有限公司")
    log_a_lead(by=cast.second_member_a, title="别的")
    as_(client, cast.member_a)
    for words in ("发动机", "hkfdj", "鸿蒙", "hmdl"):
        assert offered(client.get(reverse(FIND), {"q": words})) == ["航空发动机叶片"]
    assert offered(client.get(reverse(FIND), {"q": "没有"})) == []


def test_search_finds_the_number_of_a_lead(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, title="我的")
    as_(client, cast.member_a)
    assert offered(client.get(reverse(FIND), {"q": lead.number})) == ["我的"]
    hidden = log_a_lead(by=cast.member_b)
    assert offered(client.get(reverse(FIND), {"q": hidden.number})) == []


def test_search_offers_only_leads_that_one_works_on(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_b, title="他链的")
    log_a_lead(by=cast.member_b, title="他链共享的", secondary_chains=[cast.chain_a])
    log_a_lead(by=cast.member_a, title="机密的", confidential=True, code_name="鸿雁")
    as_(client, cast.second_member_a)
    for words in ("的", "机密", "鸿雁", ""):
        assert offered(client.get(reverse(FIND), {"q": words})) == []
    found = offered(as_(client, cast.coordinator).get(reverse(FIND), {"q": "他链"}))
    assert set(found) == {"他链的", "他链共享的"}


@pytest.mark.parametrize("number", ["999999", "0", "abc", "１", "-1", "9" * 40])
def test_a_number_that_is_no_lead_is_not_found(client: Client, cast: Cast, number: str) -> None:
    as_(client, cast.member_a)
    assert client.get(reverse(PAGE), {"lead": number}).status_code == 404
    assert client.post(reverse(PAGE), typed(lead=None) | {"lead": number}).status_code == 404


def test_hidden_is_not_found_and_visible_may_be_closed(client: Client, cast: Cast) -> None:
    hidden = log_a_lead(by=cast.member_b)
    shared = log_a_lead(by=cast.member_b, secondary_chains=[cast.chain_a])
    as_(client, cast.member_a)
    for lead, status in ((hidden, 404), (shared, 403)):
        assert client.get(reverse(PAGE), {"lead": lead.pk}).status_code == status
        assert client.post(reverse(PAGE), typed(lead)).status_code == status
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize("person", ["chain_leader_a", "outsider"])
def test_whoever_logs_nothing_has_no_page(client: Client, cast: Cast, person: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, getattr(cast, person))
    for name in (PAGE, FIND):
        assert client.get(reverse(name)).status_code == 403
    assert client.post(reverse(PAGE), typed(lead)).status_code in {403, 404}


# --- The next date ---------------------------------------------------------------------------


def test_next_date_is_proposed_by_stage_and_scale(client: Client, cast: Cast) -> None:
    lead = lead_in("negotiating", by=cast.member_a, investment=Decimal(20000))
    page = as_(client, cast.member_a).get(reverse(PAGE), {"lead": lead.pk})
    expected = current_calendar().add_workdays(timezone.localdate(), 10)
    assert page.context["form"]["next_action_on"].initial == expected
    assert page.context["choices"][0].next_on == expected


def test_every_choice_carries_its_own_date(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a)
    page = as_(client, cast.member_a).get(reverse(PAGE))
    (choice,) = page.context["choices"]
    assert choice.next_on == current_calendar().add_workdays(timezone.localdate(), 1)
    assertContains(page, f'data-next="{choice.typed_day}"')
    assert page.context["form"]["next_action_on"].value() is None  # which lead is not known yet


# --- Saving ----------------------------------------------------------------------------------


def test_a_sentence_is_enough(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    answer = as_(client, cast.member_a).post(reverse(PAGE), typed(lead))
    page = reverse("admin:leads_lead_page", args=[lead.pk])
    assertRedirects(answer, page, fetch_redirect_response=False)
    entry = FollowUp.objects.get()
    assert (entry.lead, entry.summary, entry.method) == (lead, "电话谈了供电方案", "call")
    assert (entry.two_way, entry.is_progress, entry.logged_by) == (True, False, cast.member_a)
    lead.refresh_from_db()
    assert lead.last_contact_on == timezone.localdate()
    assert lead.last_progress_on is None


def test_everything_is_kept_in_one_go(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    due = current_calendar().add_workdays(timezone.localdate(), 3)
    data = typed(
        lead,
        method="visit_out",
        is_progress="on",
        next_action="送达地块条件",
        next_action_on=due.strftime("%Y%m%d"),
        waiting_for="department",
        waiting_detail="自然资源局",
        blocker="用地指标",
        blocker_owner=cast.head_a.pk,
        blocker_due_on=due.isoformat(),
        file=[photo(), photo("纪要.png")],
    )
    as_(client, cast.member_a).post(reverse(PAGE), data)
    lead.refresh_from_db()
    assert (lead.next_action, lead.next_action_on) == ("送达地块条件", due)
    assert (lead.waiting_for, lead.waiting_detail) == ("department", "自然资源局")
    assert lead.last_progress_on == timezone.localdate()
    blocker = Blocker.objects.get()
    assert (blocker.description, blocker.owner, blocker.due_on) == ("用地指标", cast.head_a, due)
    entry = FollowUp.objects.get()
    assert sorted(file.name for file in entry.attachments.all()) == ["现场.png", "纪要.png"]


def test_one_goes_back_to_where_one_came_from(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    back = "/admin/leads/lead/?tab=overdue"
    assertContains(as_(client, cast.member_a).get(reverse(PAGE), {"next": back}), back)
    answer = client.post(reverse(PAGE), typed(lead, next=back))
    assertRedirects(answer, back, fetch_redirect_response=False)


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)", "\\\\evil"]
)
def test_one_is_never_sent_elsewhere(client: Client, cast: Cast, elsewhere: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    assertNotContains(as_(client, cast.member_a).get(reverse(PAGE), {"next": elsewhere}), elsewhere)
    answer = client.post(reverse(PAGE), typed(lead, next=elsewhere))
    assert answer.headers["Location"] == reverse("admin:leads_lead_page", args=[lead.pk])


def tomorrow() -> str:
    return (timezone.localdate() + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"summary": " "}, "summary", "必填"),
        ({"method": "pigeon"}, "method", "不在可用的选项中"),
        ({"next_action_on": "2020-01-06"}, "next_action_on", "不能早于今天"),
        ({"next_action_on": "下周"}, "next_action_on", "下周"),
        ({"next_action": "回访" * 101}, "next_action", "200"),
        ({"occurred_at_0": "2099-01-05"}, "occurred_at", "已经发生"),
        ({"waiting_for": "weather"}, "waiting_for", "weather"),
        ({"blocker": "用地指标"}, "blocker_owner", None),
        ({"blocker": "用地", "blocker_owner": "999999"}, "blocker_owner", "不在可用的选项中"),
    ],
)
def test_a_wrong_value_is_refused_at_its_field(
    client: Client, cast: Cast, values: dict[str, str], field: str, message: str | None
) -> None:
    lead = log_a_lead(by=cast.member_a)
    page = as_(client, cast.member_a).post(reverse(PAGE), typed(lead, **values))
    found = errors(page)
    assert field in found
    assert (message or "") in found[field][0]
    assert not FollowUp.objects.exists()
    lead.refresh_from_db()
    assert lead.version == 1


def test_a_rest_day_offers_the_next_working_day(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    today = timezone.localdate()
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 + 7)
    while current_calendar().is_workday(saturday):
        saturday += timedelta(days=1)
    page = as_(client, cast.member_a).post(
        reverse(PAGE), typed(lead, next_action="回访", next_action_on=saturday.isoformat())
    )
    assert "休息日" in errors(page)["next_action_on"][0]


def test_without_a_lead_the_text_stays_and_one_is_asked(client: Client, cast: Cast) -> None:
    page = as_(client, cast.member_a).post(reverse(PAGE), typed(lead=None))
    assert set(errors(page)) == {"__all__"}
    assertContains(page, "电话谈了供电方案")


def test_a_file_that_lies_leaves_nothing_behind(client: Client, cast: Cast) -> None:
    """The first file is good: neither its row nor the file on the disk may stay."""
    lead = log_a_lead(by=cast.member_a)
    before = kept_files()
    files = [photo(), photo("合同.pdf", b"MZ this is a program")]
    page = as_(client, cast.member_a).post(reverse(PAGE), typed(lead, file=files))
    assert "file" in errors(page)
    assert not FollowUp.objects.exists()
    assert not Attachment.objects.exists()
    assert kept_files() == before


def test_blocker_falls_to_the_team_of_the_lead(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    page = as_(client, cast.member_a).get(reverse(PAGE))
    people = set(page.context["form"].fields["blocker_owner"].queryset)
    assert people == {cast.head_a, cast.member_a, cast.second_member_a}
    stranger = {"blocker": "用地", "blocker_owner": cast.member_b.pk, "blocker_due_on": tomorrow()}
    assert "blocker_owner" in errors(client.post(reverse(PAGE), typed(lead, **stranger)))


def test_queries_do_not_grow_with_the_leads(client: Client, cast: Cast) -> None:
    as_(client, cast.member_a)
    counts = []
    for rows in (1, 19):
        for _number in range(rows):
            log_a_lead(by=cast.member_a)
        counts.append((queries(client, PAGE), queries(client, FIND, q="江苏")))
    assert counts[1] == counts[0]
    assert max(counts[0]) <= MOST_QUERIES


def queries(client: Client, name: str, **query: str) -> int:
    with CaptureQueriesContext(connection) as caught, zeal_context():
        assert client.get(reverse(name), query).status_code == 200
    return len(caught)


# --- Sent twice ------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["quick log", "lead page"])
def test_form_that_is_sent_again_logs_once(client: Client, cast: Cast, place: str) -> None:
    lead = log_a_lead(by=cast.member_a, title="叶片项目")
    page = (
        reverse(PAGE) if place == "quick log" else reverse("admin:leads_lead_page", args=[lead.pk])
    )
    number = str(as_(client, cast.member_a).get(page).context["form"]["sent_as"].value())
    sent = typed(lead, sent_as=number)
    assert client.post(page, sent).status_code == 302
    again = client.post(page, sent)
    assert FollowUp.objects.count() == 1
    (said,) = errors(again)["__all__"]
    assert f"{reverse('admin:leads_lead_page', args=[lead.pk])}#timeline" in said
    assertContains(again, "电话谈了供电方案")
    meant = str(again.context["form"]["sent_as"].value())
    assert meant != number
    assert client.post(page, typed(lead, sent_as=meant)).status_code == 302
    assert FollowUp.objects.count() == 2


def test_form_that_was_refused_may_be_sent_again(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    number = str(uuid4())
    assert "summary" in errors(client.post(reverse(PAGE), typed(lead, summary="", sent_as=number)))
    assert client.post(reverse(PAGE), typed(lead, sent_as=number)).status_code == 302


def test_form_sent_for_another_lead_is_the_same_form(client: Client, cast: Cast) -> None:
    first, second = log_a_lead(by=cast.member_a), log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    number = str(uuid4())
    assert client.post(reverse(PAGE), typed(first, sent_as=number)).status_code == 302
    (said,) = errors(client.post(reverse(PAGE), typed(second, sent_as=number)))["__all__"]
    assert reverse("admin:leads_lead_page", args=[first.pk]) in said


@pytest.mark.parametrize("number", ["", "abc", "0" * 200, "<script>"])
def test_number_that_is_none_stops_nobody(client: Client, cast: Cast, number: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    for _time in range(2):
        assert client.post(reverse(PAGE), typed(lead, sent_as=number)).status_code == 302
    assert FollowUp.objects.count() == 2


def test_another_persons_number_tells_nothing(client: Client, cast: Cast) -> None:
    hidden, lead = log_a_lead(by=cast.member_b), log_a_lead(by=cast.member_a)
    number = str(uuid4())
    as_(client, cast.member_b).post(reverse(PAGE), typed(hidden, sent_as=number))
    answer = as_(client, cast.member_a).post(reverse(PAGE), typed(lead, sent_as=number))
    assert answer.status_code == 302
    assert FollowUp.objects.filter(lead=lead).count() == 1


@pytest.mark.django_db(transaction=True)
def test_form_that_comes_twice_at_once_logs_once(cast: Cast) -> None:
    lead, number = log_a_lead(by=cast.member_a), uuid4()
    values = {"summary": "电话", "method": "call"}

    def send() -> FollowUp:
        return log_follow_up(lead=lead, values=values, by=cast.member_a, sent_as=number)

    outcomes = at_once(send, send)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FollowUp", "SentBefore"]
