"""The outbox: recorded once by key, woken after commit, cancelled, sent again by hand."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from kfq_crm.base import mail, wake
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.mail import Letter, MailFile, cancel, deliver_due, enqueue, enqueue_all, resend
from kfq_crm.base.models import AccessEntry, MailAttachment, MailState, OutgoingMail, User
from tests.factories import UserFactory
from tests.mailing import letter_to, states
from tests.sink import DROP, OK, Sink
from tests.threads import at_once

pytestmark = pytest.mark.django_db
SENT, WAITING = MailState.SENT, MailState.WAITING


# --- Recording ------------------------------------------------------------------------------


def test_key_is_recorded_once(reader: User) -> None:
    assert letter_to(reader)
    assert enqueue("k1", recipient=reader, subject="又一次", text="又一次") is None
    assert OutgoingMail.objects.get().subject == "今日待办 3 项"


def test_same_key_twice_in_one_set_is_one_row_with_its_own_files(reader: User) -> None:
    first = Letter("k", reader, "甲", "甲", attachments=[MailFile("a.txt", "text/plain", b"a")])
    second = Letter("k", reader, "乙", "乙", attachments=[MailFile("b.txt", "text/plain", b"b")])
    assert [row.subject for row in enqueue_all([first, second])] == ["甲"]
    assert [file.name for file in MailAttachment.objects.all()] == ["a.txt"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_record_a_key_once(reader: User) -> None:
    calls = [lambda: enqueue("k", recipient=reader, subject="一", text="一")] * 4
    outcomes = at_once(*calls)
    assert [row.key for row in outcomes if row] == ["k"]
    assert OutgoingMail.objects.count() == 1


def test_message_id_is_fixed_by_the_key_and_tells_nothing_of_it(reader: User) -> None:
    row = letter_to(reader, key="reminders:7:2026-11-23")
    assert row.message_id == mail.message_id("reminders:7:2026-11-23")
    assert row.message_id.endswith("@localhost>")
    assert "7" not in row.message_id[:3] or "reminders" not in row.message_id
    assert mail.message_id("reminders:8:2026-11-23") != row.message_id


@pytest.mark.parametrize("address", ["", "not an address", "顾航@example.com"])
def test_person_without_a_usable_address_is_recorded_as_undeliverable(address: str) -> None:
    row = letter_to(UserFactory(email=address))
    assert row.state == MailState.UNDELIVERABLE
    assert row.last_error
    assert deliver_due().handled == 0


def test_disabled_person_gets_nothing_even_if_recorded_before(reader: User, sink: Sink) -> None:
    letter_to(reader)
    User.objects.filter(pk=reader.pk).update(is_active=False)
    deliver_due()
    assert states() == {MailState.UNDELIVERABLE: 1}
    assert sink.received == []


def test_files_are_limited(reader: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "LARGEST_FILES", 3)
    with pytest.raises(RuleViolation, match=r"."):
        letter_to(reader, attachments=[MailFile("a", "text/plain", b"1234")])
    assert OutgoingMail.objects.count() == 0


def test_rolled_back_work_sends_nothing(reader: User, sink: Sink) -> None:
    with transaction.atomic():
        letter_to(reader)
        transaction.set_rollback(True)
    deliver_due()
    assert sink.received == []


def test_database_refuses_a_sent_row_without_its_time(reader: User) -> None:
    row = letter_to(reader)
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMail.objects.filter(pk=row.pk).update(state=SENT)


# --- Waking ---------------------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    monkeypatch.setattr(wake, "_last_calls", {})
    monkeypatch.setattr(wake.app, "send_task", lambda name, **_options: made.append(name))
    return made


def test_sweep_is_woken_after_commit_and_once_for_a_burst(
    reader: User,
    calls: list[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(5):
            letter_to(reader, key=f"k{number}")
        assert calls == []
    assert calls == ["kfq_crm.base.tasks.deliver_mail"]


def test_broker_that_is_away_stops_nobody(
    reader: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(wake, "_last_calls", {})
    monkeypatch.setattr(wake.app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        letter_to(reader)
    assert states() == {WAITING: 1}


# --- Cancelling and sending again -----------------------------------------------------------


def test_cancelled_is_not_sent(reader: User, sink: Sink) -> None:
    letter_to(reader, key="a")
    letter_to(reader, key="b")
    assert cancel(["a"]) == 1
    assert cancel(OutgoingMail.objects.filter(key="a")) == 0
    deliver_due()
    assert states() == {MailState.CANCELLED: 1, SENT: 1}


def test_what_may_have_arrived_is_not_cancelled(reader: User, sink: Sink) -> None:
    sink.on_text = lambda address: DROP
    row = letter_to(reader)
    deliver_due()
    assert cancel([row.key]) == 0


def test_failed_is_sent_again_by_an_administrator_only(reader: User, sink: Sink) -> None:
    sink.on_text = lambda address: "550 full"
    row = letter_to(reader)
    deliver_due()
    with pytest.raises(RuleViolation):
        resend(mail=row, by=reader)
    sink.on_text = lambda address: OK
    admin = UserFactory(is_superuser=True)
    resend(mail=row, by=admin)
    deliver_due()
    assert sink.message_ids == [row.message_id]
    assert AccessEntry.objects.get().subject == "mail.resent"
    with pytest.raises(RuleViolation):
        resend(mail=row, by=admin)


def test_undeliverable_is_sent_again_once_there_is_an_address(sink: Sink) -> None:
    person, admin = UserFactory(email=""), UserFactory(is_superuser=True)
    row = letter_to(person)
    with pytest.raises(RuleViolation):
        resend(mail=row, by=admin)
    User.objects.filter(pk=person.pk).update(email="new@example.com")
    resend(mail=row, by=admin)
    deliver_due()
    assert sink.recipients() == ["new@example.com"]
