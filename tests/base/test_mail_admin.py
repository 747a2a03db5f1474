"""The list of messages, the page of one, sending again; who reads what."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from pytest_django.fixtures import Settings

from kfq_crm.base.mail import MailFile, Outsider, enqueue
from kfq_crm.base.mail_reading import FOLDER
from kfq_crm.base.models import AccessEntry, MailState, OutgoingMail, User
from tests.factories import UserFactory
from tests.mailing import letter_to, letters_to, people

pytestmark = pytest.mark.django_db
LIST = "admin:base_outgoingmail_changelist"
LINK = "https://crm.example/answer/signed-token"
HTML = f"<html><head></head><body><p>金丝雀项目逾期</p><a href='{LINK}'>同意</a></body></html>"


@pytest.fixture
def office(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


@pytest.fixture
def letter(reader: User) -> OutgoingMail:
    file = MailFile("台账.xlsx", "text/html", b"<script>")
    text = f"金丝雀项目逾期\n{LINK}"
    return letter_to(reader, subject="金丝雀待办", text=text, html=HTML, attachments=[file])


def failed(mail: OutgoingMail, error: str = "550 unknown") -> OutgoingMail:
    mail.state, mail.last_error, mail.attempts = MailState.FAILED, error, 8
    mail.save()
    return mail


def page(mail: OutgoingMail, name: str = "page", *more: int) -> str:
    return reverse(f"admin:base_outgoingmail_{name}", args=[mail.pk, *more])


def kept_here(settings: Settings) -> None:
    settings.EMAIL_BACKEND = FOLDER


# --- The list --------------------------------------------------------------------------------


def test_list_begins_with_what_needs_help(office: Client, reader: User) -> None:
    first = failed(letter_to(reader, key="a"))
    waiting = letter_to(reader, key="b")
    nowhere = letter_to(UserFactory(email=""), key="c")
    sent = letter_to(reader, key="d")
    OutgoingMail.objects.filter(pk=sent.pk).update(state="sent", sent_at=timezone.now())
    expected = {
        "": {first, nowhere},
        "attention": {first, nowhere},
        "waiting": {waiting},
        "sent": {sent},
        "all": {first, waiting, nowhere, sent},
    }
    for tab, rows in expected.items():
        answer = office.get(reverse(LIST), {"tab": tab} if tab else {})
        assert set(answer.context["cl"].result_list) == rows, tab


def test_list_tells_where_and_when_but_not_what(office: Client, letter: OutgoingMail) -> None:
    failed(letter, "550 5.1.1 user unknown")
    answer = office.get(reverse(LIST))
    for word in ("顾航", "发送失败", "550 5.1.1 user unknown"):
        assertContains(answer, word)
    assertNotContains(answer, "金丝雀")


def test_list_names_the_subject_where_mail_only_ends_in_files(
    office: Client, letter: OutgoingMail, settings: Settings
) -> None:
    kept_here(settings)
    assertContains(office.get(reverse(LIST), {"tab": "all"}), "金丝雀待办")


def test_list_is_found_by_recipient_and_message_id(office: Client, letter: OutgoingMail) -> None:
    letter_to(UserFactory(email="x@example.com"), key="other")
    for word in ("顾航", letter.message_id):
        found = office.get(reverse(LIST), {"q": word}).context["cl"].result_list
        assert found == [letter], word
    assert not office.get(reverse(LIST), {"q": "金丝雀"}).context["cl"].result_list


@pytest.mark.parametrize("count", [1, 50])
def test_list_asks_as_often_for_one_as_for_fifty(
    office: Client, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    letters_to(people(count))
    office.get(reverse(LIST), {"tab": "all"})
    with django_assert_max_num_queries(14):
        assert len(office.get(reverse(LIST), {"tab": "all"}).context["cl"].result_list) == count


# --- One message -----------------------------------------------------------------------------


def test_recipient_reads_it_with_its_links(client: Client, reader: User, letter: Any) -> None:
    client.force_login(reader)
    before = AccessEntry.objects.count()
    answer = client.get(page(letter))
    for word in ("金丝雀待办", LINK, "台账.xlsx", letter.message_id.strip("<>")):
        assertContains(answer, word)
    assertContains(client.get(page(letter, "formatted")), f"href='{LINK}'")
    assert AccessEntry.objects.count() == before


def test_administrator_sees_what_became_of_it_and_not_what_it_says(
    office: Client, letter: OutgoingMail
) -> None:
    answer = office.get(page(letter))
    assertContains(answer, letter.message_id.strip("<>"))
    assertContains(answer, "内容仅收件人可见")
    assertNotContains(answer, "金丝雀")
    assertNotContains(answer, "台账")
    file = letter.attachments.get()
    for address in (page(letter, "formatted"), page(letter, "file", file.pk)):
        assert office.get(address).status_code == 403
    assert not AccessEntry.objects.filter(subject="mail.opened").exists()


def test_administrator_reads_it_where_there_is_no_mail_server(
    office: Client, letter: OutgoingMail, administrator: User, settings: Settings
) -> None:
    kept_here(settings)
    answer = office.get(page(letter))
    assertContains(answer, "金丝雀项目逾期")
    assertContains(answer, "您正在查看他人的邮件")
    entry = AccessEntry.objects.get(subject="mail.opened")
    assert (entry.kind, entry.actor, entry.object_id) == ("reveal", administrator, letter.pk)


def test_links_that_answer_for_the_recipient_are_dead_for_others(
    office: Client, letter: OutgoingMail, settings: Settings
) -> None:
    kept_here(settings)
    formatted = office.get(page(letter, "formatted"))
    assertContains(formatted, "金丝雀项目逾期")
    for answer in (office.get(page(letter)), formatted):
        assertNotContains(answer, "signed-token")


@pytest.mark.parametrize(
    "html",
    [
        f'<a href="{LINK}">x</a>',
        f"<a HREF = {LINK}>x</a>",
        f"<a href='{LINK}'>{LINK}</a>",
        f'<form action="{LINK}"><button>x</button></form>',
        f'<img src="{LINK}">',
        "<a href='/answer/signed-token'>x</a>",
    ],
)
def test_no_spelling_of_a_link_reaches_another_reader(
    office: Client, reader: User, settings: Settings, html: str
) -> None:
    kept_here(settings)
    answer = office.get(page(letter_to(reader, html=html), "formatted"))
    assertNotContains(answer, "signed-token")


def test_permission_to_read_all_mail_opens_it_and_is_nobodys_by_default(
    office: Client, letter: OutgoingMail, administrator: User
) -> None:
    permission = Permission.objects.get(codename="read_mail")
    assert not permission.group_set.exists()
    administrator.user_permissions.add(permission)
    assertContains(office.get(page(letter)), "金丝雀项目逾期")


def test_colleague_does_not_learn_that_it_exists(client: Client, letter: OutgoingMail) -> None:
    client.force_login(UserFactory())
    file = letter.attachments.get()
    for address in (page(letter), page(letter, "formatted"), page(letter, "file", file.pk)):
        assert client.get(address).status_code == 404
    assert client.get(page(letter, "change")).status_code == 404


def test_frame_lets_nothing_run_and_nothing_be_fetched(
    client: Client, reader: User, letter: OutgoingMail
) -> None:
    client.force_login(reader)
    answer = client.get(page(letter, "formatted"))
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assertContains(
        client.get(page(letter)), 'sandbox="allow-popups allow-popups-to-escape-sandbox"'
    )


def test_file_is_a_download_whatever_its_type_claims(
    client: Client, reader: User, letter: OutgoingMail
) -> None:
    client.force_login(reader)
    answer = client.get(page(letter, "file", letter.attachments.get().pk))
    assert (answer.content, answer.headers["Content-Type"]) == (
        b"<script>",
        "application/octet-stream",
    )
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert AccessEntry.objects.filter(kind="download", subject="mail.file").count() == 1


def test_file_of_another_message_is_not_found(client: Client, reader: User, letter: Any) -> None:
    client.force_login(reader)
    other = letter_to(reader, key="other", attachments=[MailFile("b", "text/plain", b"b")])
    assert client.get(page(letter, "file", other.attachments.get().pk)).status_code == 404


def test_text_of_a_message_is_never_markup(client: Client, reader: User) -> None:
    client.force_login(reader)
    answer = client.get(page(letter_to(reader, subject="<b>x</b>", text="<script>alert(1)")))
    assertNotContains(answer, "<script>alert(1)")
    assertNotContains(answer, "<b>x</b>")


# --- Sending again ---------------------------------------------------------------------------


def test_failed_message_goes_out_again(office: Client, letter: OutgoingMail) -> None:
    failed(letter)
    assertContains(office.get(page(letter)), page(letter, "resend"))
    answer = office.post(page(letter, "resend"), follow=True)
    assertRedirects(answer, page(letter))
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == (MailState.WAITING, 0)
    assert AccessEntry.objects.filter(subject="mail.resent", object_id=letter.pk).exists()


def test_message_that_waits_is_not_sent_again(office: Client, letter: OutgoingMail) -> None:
    assertNotContains(office.get(page(letter)), page(letter, "resend"))
    assertContains(office.get(page(letter, "resend")), "既未失败")
    assertContains(office.post(page(letter, "resend")), "既未失败")


def test_second_copy_is_announced(office: Client, letter: OutgoingMail) -> None:
    letter.unanswered = 1
    failed(letter)
    assertContains(office.get(page(letter, "resend")), "可能收到两份")


def test_whom_outside_it_goes_to_again_is_named(office: Client) -> None:
    mail = enqueue(
        "question-1", recipient=Outsider("周敏", "zhou@example.com"), subject="答复", text="已办"
    )
    assert mail
    answer = office.get(page(failed(mail), "resend"))
    assertContains(answer, "周敏")
    assertNotContains(answer, "None")


def test_recipient_may_not_send_again(client: Client, reader: User, letter: Any) -> None:
    client.force_login(reader)
    assert client.post(page(failed(letter), "resend")).status_code == 403


def test_many_go_out_again_and_one_that_cannot_keeps_none(office: Client, reader: User) -> None:
    lost = [failed(letter_to(reader, key=f"k{number}")) for number in range(3)]
    nowhere = letter_to(UserFactory(email="", display_name="无邮箱"), key="nowhere")
    waiting = letter_to(reader, key="waiting")
    form = {
        "action": "resend_selected",
        "_selected_action": [row.pk for row in [*lost, nowhere, waiting]],
    }
    answer = office.post(f"{reverse(LIST)}?tab=all", form, follow=True)
    assertContains(answer, "3 封邮件将重新发出")
    assertContains(answer, "无邮箱")
    states = dict(OutgoingMail.objects.values_list("key", "state"))
    assert {states[row.key] for row in lost} == {"waiting"}
    assert states["nowhere"] == "undeliverable"


# --- One's own -------------------------------------------------------------------------------


def test_everybody_finds_the_own_messages(client: Client, reader: User, letter: Any) -> None:
    letter_to(UserFactory(email="x@example.com"), key="other", subject="别人的")
    client.force_login(reader)
    answer = client.get(reverse("admin:own_messages"))
    assertContains(answer, page(letter))
    assertNotContains(answer, "别人的")
    assertContains(client.get(reverse("admin:own_messages"), {"q": "逾期"}), "金丝雀待办")
    assertNotContains(client.get(reverse("admin:own_messages"), {"q": "没有"}), "金丝雀待办")


def test_administrators_own_messages_are_the_own_ones(office: Client, letter: Any) -> None:
    assertContains(office.get(reverse("admin:own_messages")), "系统还没有给您发过通知")


@pytest.mark.parametrize("number", ["0", "x", "99", "-1"])
def test_page_that_is_none_is_not_found(client: Client, reader: User, number: str) -> None:
    client.force_login(reader)
    assert client.get(reverse("admin:own_messages"), {"page": number}).status_code == 404


@pytest.mark.parametrize("count", [1, 50])
def test_own_messages_ask_as_often_for_one_as_for_fifty(
    client: Client,
    reader: User,
    count: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        letter_to(reader, key=f"k{number}")
    client.force_login(reader)
    client.get(reverse("admin:own_messages"))
    with django_assert_max_num_queries(14):
        client.get(reverse("admin:own_messages"))
