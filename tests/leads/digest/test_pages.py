"""The digest in the admin: list, content, preview, resending, the question on the lead's page."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chains.actions.teams import appoint
from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base.models import AccessEntry, MailState, OutgoingMail, User
from leads.actions.decisions import answer_signed_in
from leads.models import Decision, Digest
from tests.cast import Cast
from tests.factories import UserFactory, log_a_lead
from tests.leads.digest.asking import QUESTION, a_question, asked_in_digest
from tests.leads.digest.weeks import a_rule, at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_monday() -> Any:
    with time_machine.travel(at("2026-11-23T10:00"), tick=False):
        yield


@pytest.fixture
def digest(cast: Cast) -> Digest:
    a_rule()
    cast.chain_leader_a.email = "leader@example.com"
    cast.chain_leader_a.save()
    return asked_in_digest(cast)


def page(name: str, *keys: int) -> str:
    return reverse(f"admin:{name}", args=keys)


def text(client: Client, person: User, address: str, status: int = 200) -> str:
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == status
    return str(answer.content.decode())


def an_administrator() -> User:
    person = UserFactory(username="administrator")
    person.groups.add(role_group(ADMINISTRATION))
    return User.objects.get(pk=person.pk)


def test_list_shows_the_own_ones_to_a_leader_and_all_to_the_office(
    cast: Cast, digest: Digest, client: Client
) -> None:
    appoint(team=cast.team_b, leader=cast.head_b, by=cast.coordinator)
    asked_in_digest(cast)
    address = page("leads_digest_changelist")
    seen = {}
    for person in (cast.chain_leader_a, cast.coordinator, an_administrator()):
        shown = text(client, person, address)
        seen[person.username] = [
            name for name in ("航空航天 2026", "新材料 2026", "全区 2026") if name in shown
        ]
    everything = ["航空航天 2026", "新材料 2026", "全区 2026"]
    assert seen == {
        "chain_leader_a": everything[:1],
        "coordinator": everything,
        "administrator": everything,
    }


@pytest.mark.parametrize("count", [1, 50])
def test_list_costs_the_same_at_1_and_50(
    cast: Cast, client: Client, count: int, django_assert_max_num_queries: Any
) -> None:
    first = date(2026, 11, 16)
    Digest.objects.bulk_create(
        Digest(
            reader=cast.chain_leader_a,
            chain=cast.chain_a,
            starts_on=first - timedelta(days=7 * number),
            made_at=timezone.now(),
        )
        for number in range(count)
    )
    client.force_login(cast.coordinator)
    with django_assert_max_num_queries(16):
        client.get(page("leads_digest_changelist"))


def test_administrator_sees_that_it_went_out_and_not_what_it_says(
    digest: Digest, client: Client
) -> None:
    person = an_administrator()
    assert "内容仅收报人可看" in text(client, person, page("digest_page", digest.pk))
    text(client, person, page("digest_formatted", digest.pk), 403)


def test_formatted_text_stands_alone_and_runs_nothing(
    cast: Cast, digest: Digest, client: Client
) -> None:
    client.force_login(cast.chain_leader_a)
    answer = client.get(page("digest_formatted", digest.pk))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in answer["Cache-Control"]


def test_answer_links_are_in_no_page_of_anybody(cast: Cast, client: Client, settings: Any) -> None:
    settings.SITE_URL = "https://crm.example"
    a_rule()
    a_question(cast)
    digest = asked_in_digest(cast)
    frames = [
        page("digest_formatted", digest.pk),
        page("digest_preview_formatted", cast.team_a.pk),
    ]
    for person in (cast.coordinator, cast.head_a, cast.chain_leader_a):
        for frame in frames:
            shown = text(client, person, frame)
            assert QUESTION in shown
            assert "/decide/" not in shown


def test_resent_digest_keeps_its_content_and_files_under_a_key_of_its_own(
    cast: Cast, digest: Digest, client: Client
) -> None:
    first = digest.mail
    assert first is not None
    log_a_lead(by=cast.member_a, title="之后的项目")
    client.force_login(cast.coordinator)
    for _time in range(2):
        client.post(page("digest_resend", digest.pk))
    mails = list(
        OutgoingMail.objects.filter(kind="digest", recipient=cast.chain_leader_a).order_by("pk")
    )
    assert len({mail.key for mail in mails}) == len({mail.message_id for mail in mails}) == 3
    assert {(mail.text, mail.html, mail.subject) for mail in mails} == {
        (first.text, first.html, first.subject)
    }
    files = {bytes(mail.attachments.get().content) for mail in mails}
    assert len(files) == 1
    assert AccessEntry.objects.filter(subject="digest.resent").count() == 2
    digest.refresh_from_db()
    assert (digest.mail, digest.copies) == (mails[-1], 2)
    assert mails[-1].state == MailState.WAITING


def test_week_on_record_only_can_be_sent_by_hand(
    cast: Cast, digest: Digest, client: Client
) -> None:
    with time_machine.travel(at("2026-12-08T10:00"), tick=False):
        asked_in_digest(cast)
        late = Digest.objects.get(chain=cast.chain_a, state="on_record")
        client.force_login(cast.coordinator)
        client.post(page("digest_resend", late.pk))
    late.refresh_from_db()
    assert late.mail is not None
    assert late.code in late.mail.subject


def test_preview_tells_the_running_week_and_keeps_nothing(cast: Cast, client: Client) -> None:
    a_rule()
    log_a_lead(by=cast.member_a, title="本周的项目")
    for person in (cast.chain_leader_a, cast.head_a, cast.coordinator):
        shown = text(client, person, page("digest_preview_formatted", cast.team_a.pk))
        assert "本周的项目" in shown
        assert "2026-W48" in shown
    assert "11月30日 周一" in text(client, cast.head_a, page("digest_preview", cast.team_a.pk))
    assert "新线索" in text(client, cast.coordinator, page("zone_digest_preview_formatted"))
    assert not Digest.objects.exists()


@pytest.mark.parametrize("leads", [1, 50])
def test_preview_costs_the_same_at_1_and_50_leads(
    cast: Cast, client: Client, leads: int, django_assert_max_num_queries: Any
) -> None:
    a_rule()
    for _number in range(leads):
        log_a_lead(by=cast.member_a)
    client.force_login(cast.coordinator)
    with django_assert_max_num_queries(50):
        client.get(page("digest_preview_formatted", cast.team_a.pk))


# --- On the lead's page ---------------------------------------------------------------------


def test_lead_page_offers_head_and_leader_each_the_own_verb(cast: Cast, client: Client) -> None:
    decision = a_question(cast)
    lead = page("leads_lead_page", decision.blocker.lead_id)
    verbs = {
        "answer": page("leads_decision_answer", decision.pk),
        "withdraw": page("leads_decision_withdraw", decision.pk),
        "ask": page("leads_blocker_ask_leader", decision.blocker_id),
    }
    seen = {}
    for person in (cast.chain_leader_a, cast.head_a, cast.member_a):
        shown = text(client, person, lead)
        assert QUESTION in shown
        seen[person.username] = {name for name, address in verbs.items() if address in shown}
    assert seen == {"chain_leader_a": {"answer"}, "head_a": {"withdraw"}, "member_a": set()}


def test_head_asks_by_the_page(cast: Cast, client: Client) -> None:
    first = a_question(cast)
    client.force_login(cast.head_a)
    client.post(page("leads_decision_withdraw", first.pk))
    client.post(
        page("leads_blocker_ask_leader", first.blocker_id), {"question": "是否同意容缺办理？"}
    )
    assert Decision.objects.waiting().get().question == "是否同意容缺办理？"


def test_answer_stands_in_the_timeline_and_at_the_blocker(cast: Cast, client: Client) -> None:
    decision = a_question(cast)
    client.force_login(cast.chain_leader_a)
    client.post(
        page("leads_decision_answer", decision.pk),
        {"answer": "instruct", "text": "周五前答复", "expected_version": "1"},
    )
    shown = text(client, cast.member_a, page("leads_lead_page", decision.blocker.lead_id))
    assert shown.count("周五前答复") == 2
    assert "链长答复" in shown


def test_outdated_answer_form_changes_nothing(cast: Cast, client: Client) -> None:
    decision = a_question(cast)
    by = cast.chain_leader_a
    answer_signed_in(decision=decision, answer="agree", text="", by=by, expected=1)
    client.force_login(by)
    form = {"answer": "disagree", "text": "", "expected_version": "1"}
    client.post(page("leads_decision_answer", decision.pk), form)
    assert Decision.objects.get().answer == "agree"


def test_question_waits_on_the_leader_s_workbench_and_on_nobody_else_s(
    cast: Cast, client: Client
) -> None:
    decision = a_question(cast)
    address = page("leads_decision_answer", decision.pk)
    seen = {
        person.username: address in text(client, person, reverse("admin:index"))
        for person in (cast.chain_leader_a, cast.head_a, cast.coordinator)
    }
    assert seen == {"chain_leader_a": True, "head_a": False, "coordinator": False}
