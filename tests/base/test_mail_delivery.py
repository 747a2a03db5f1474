"""Delivery to a real mail server: sent at least once, a copy known as a copy."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from kfq_crm.base import mail_book, mail_delivery
from kfq_crm.base.mail import MailFile, deliver_due
from kfq_crm.base.models import HandOver, MailState, OutgoingMail, User
from tests.factories import UserFactory
from tests.mailing import SMTP, later, letter_to, letters_to, people, states
from tests.sink import DROP, LOSE, OK, Sink
from tests.threads import at_once

pytestmark = pytest.mark.django_db
SENT, WAITING, FAILED = MailState.SENT, MailState.WAITING, MailState.FAILED


def text_of(part: Any) -> str:
    """Lines of a text end in CRLF on the way."""
    return str(part.get_content()).replace("\r\n", "\n")


# --- Sending --------------------------------------------------------------------------------


def test_message_arrives_whole(reader: User, sink: Sink) -> None:
    ledger = MailFile("航空航天 台账.xlsx", "application/vnd.ms-excel", bytes(range(256)))
    row = letter_to(reader, html="<p>您有 <b>3</b> 条。</p>", attachments=[ledger])
    assert deliver_due().counts() == {"sent": 1}
    (message,) = sink.received
    assert message["Subject"] == "今日待办 3 项"
    assert str(message["To"]) == "顾航 <gu.hang@example.com>"
    assert message["Message-ID"] == row.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text_of(plain) == "您有 3 条线索逾期。\n请跟进。"
    assert text_of(html) == "<p>您有 <b>3</b> 条。</p>"
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("航空航天 台账.xlsx", bytes(range(256)))
    row.refresh_from_db()
    assert (row.state, row.attempts, row.token, bool(row.sent_at)) == (SENT, 1, "", True)


def test_header_cannot_be_injected(sink: Sink) -> None:
    person = UserFactory(display_name='坏"\r\nBcc: x@example.com', email="ok@example.com")
    letter_to(person, subject="甲\r\nBcc: y@example.com")
    deliver_due()
    (message,) = sink.received
    assert message["Bcc"] is None
    assert sink.recipients() == ["ok@example.com"]


@pytest.mark.parametrize("text", [".", "a\n.\nb", "行" * 3000, "a\r\nb", ""])
def test_any_text_arrives_as_it_was(reader: User, sink: Sink, text: str) -> None:
    letter_to(reader, text=text)
    deliver_due()
    (message,) = sink.received
    assert text_of(message) == text.replace("\r\n", "\n")


def test_one_connection_serves_many_and_each_has_the_own_envelope(sink: Sink) -> None:
    letters_to(people(25))
    assert deliver_due().sent == 25
    assert sink.connections == 1
    assert sorted(sink.recipients()) == sorted(f"p{number}@example.com" for number in range(25))


def test_batches_follow_each_other_up_to_the_limit(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_delivery, "BATCH", 4)
    letters_to(people(11))
    assert deliver_due(limit=10).sent == 10
    assert states() == {SENT: 10, WAITING: 1}
    assert HandOver.objects.count() == 0


def test_nothing_goes_before_its_time(reader: User, sink: Sink) -> None:
    letter_to(reader, not_before=later(hours=1))
    assert deliver_due().sent == 0
    assert deliver_due(later(hours=2)).sent == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_message_once(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_delivery, "BATCH", 3)
    rows = letters_to(people(30))
    outcomes = at_once(*[deliver_due] * 3)
    assert sum(done.sent for done in outcomes) == 30
    assert sorted(sink.message_ids) == sorted(row.message_id for row in rows)
    assert states() == {SENT: 30}


def test_sending_inside_a_transaction_is_refused(reader: User) -> None:
    letter_to(reader)
    with pytest.raises(RuntimeError), transaction.atomic():
        deliver_due()


# --- Refusals -------------------------------------------------------------------------------


def test_temporary_refusal_is_tried_again_with_growing_pauses(reader: User, sink: Sink) -> None:
    sink.on_text = lambda address: "451 come back later"
    row = letter_to(reader)
    now, pauses = timezone.now(), []
    for _attempt in range(8):
        deliver_due(now)
        row.refresh_from_db()
        pauses.append((row.next_try_at - now).total_seconds())
        now = row.next_try_at + timedelta(seconds=1)
    assert (row.state, row.attempts) == (FAILED, 8)
    assert "451 come back later" in row.last_error
    assert [round(b / a) for a, b in pairwise(pauses[:7])] == [2] * 6
    assert sum(pauses[:7]) == pytest.approx(timedelta(hours=24).total_seconds(), abs=10)
    assert deliver_due(now + timedelta(days=9)).handled == 0


def test_refused_until_the_third_try_arrives_once(reader: User, sink: Sink) -> None:
    answers = iter(["451 later", "421 busy", OK])
    sink.on_text = lambda address: next(answers)
    row = letter_to(reader)
    for days in range(3):
        deliver_due(later(days=days))
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error) == (SENT, 3, "")
    assert sink.message_ids == [row.message_id]


@pytest.mark.parametrize("step", ["recipient", "text"])
def test_final_refusal_fails_at_once_and_spares_the_others(sink: Sink, step: str) -> None:
    setattr(sink, f"on_{step}", lambda address: "550 no such user" if "p1@" in address else OK)
    letters_to(people(4))
    done = deliver_due()
    assert (done.sent, done.failed) == (3, 1)
    (failed,) = OutgoingMail.objects.filter(state=FAILED)
    assert failed.address == "p1@example.com"
    assert "550 no such user" in failed.last_error
    assert sink.connections == 1


def test_server_that_is_away_costs_no_tries(reader: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", 1
    row = letter_to(reader)
    done = deliver_due()
    assert done.error
    row.refresh_from_db()
    assert (row.state, row.attempts) == (WAITING, 0)
    assert HandOver.objects.count() == 0


def test_connection_ended_between_two_messages_is_made_again(sink: Sink) -> None:
    ended: list[str] = []

    def answer(address: str) -> str:
        if len(sink.received) == 2 and not ended:
            ended.append(address)
            return "421 that was enough for one connection"
        return OK

    sink.on_recipient = answer
    letters_to(people(4))
    deliver_due()
    deliver_due(later(hours=1))
    assert states() == {SENT: 4}
    assert len(sink.message_ids) == len(set(sink.message_ids)) == 4


# --- Doubt ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "copies"), [(DROP, 2), (LOSE, 1)])
def test_lost_answer_is_sent_again_after_the_lease_as_a_copy(
    reader: User, sink: Sink, answer: str, copies: int
) -> None:
    sink.on_text = lambda address: answer
    row = letter_to(reader)
    assert deliver_due().unanswered == 1
    row.refresh_from_db()
    assert (row.state, row.unanswered) == (WAITING, 1)
    sink.on_text = lambda address: OK
    assert deliver_due(later(minutes=10)).handled == 0  # the server may still be at it
    assert deliver_due(later(minutes=16)).sent == 1
    assert sink.message_ids == [row.message_id] * copies


def test_lost_answers_do_not_stop_the_others(sink: Sink) -> None:
    sink.on_text = lambda address: DROP if address in {"p3@example.com", "p7@example.com"} else OK
    letters_to(people(10))
    done = deliver_due()
    assert (done.sent, done.unanswered) == (8, 2)
    sink.on_text = lambda address: OK
    deliver_due(later(minutes=16))
    assert states() == {SENT: 10}
    assert Counter(Counter(sink.message_ids).values()) == {1: 8, 2: 2}


def test_answers_that_never_come_fail_in_the_end(reader: User, sink: Sink) -> None:
    sink.on_text = lambda address: LOSE
    row = letter_to(reader)
    for days in range(9):
        deliver_due(later(days=days))
    row.refresh_from_db()
    assert (row.state, row.attempts, row.unanswered) == (FAILED, 8, 8)


class Killed(BaseException):
    """As SIGKILL: nothing of the worker runs any more."""


def kill_before(
    monkeypatch: pytest.MonkeyPatch, number: int, *, text_is_out: bool
) -> list[OutgoingMail]:
    """Die at the message of this number, before or after its text went out."""
    met: list[OutgoingMail] = []
    original = mail_delivery._Batch._say

    def say(self: Any, row: OutgoingMail, composed: Any) -> None:
        met.append(row)
        if len(met) == number:
            if text_is_out:
                self.sender.hand_over(row, composed)
            monkeypatch.setattr(mail_book.Book, "close", lambda self, now: None)
            raise Killed
        original(self, row, composed)

    monkeypatch.setattr(mail_delivery._Batch, "_say", say)
    return met


@pytest.mark.parametrize("text_is_out", [True, False])
def test_killed_worker_leaves_one_message_in_doubt(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, text_is_out: bool
) -> None:
    rows = letters_to(people(10))
    with monkeypatch.context() as dying:
        met = kill_before(dying, 4, text_is_out=text_is_out)
        with pytest.raises(Killed):
            deliver_due()
    assert states() == {MailState.HANDING: 10}
    assert deliver_due(later(minutes=14)).handled == 0  # nobody touches them within the lease
    done = deliver_due(later(minutes=16))
    assert (done.recovered, done.sent) == (1, 7)
    assert states() == {SENT: 10}
    copies = Counter(sink.message_ids)
    assert set(copies) == {row.message_id for row in rows}
    assert copies[met[3].message_id] == (2 if text_is_out else 1)
    assert sum(copies.values()) == (11 if text_is_out else 10)


def test_worker_that_wakes_up_after_its_lease_stops(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters_to(people(3))
    original, passed = mail_book.Book.turn_to, []

    def sleep_first(self: Any, row: OutgoingMail) -> bool:
        passed.append(row)
        if len(passed) == 2:  # suspended so long that the others took over
            mail_book.recover(later(hours=1))
        return original(self, row)

    with monkeypatch.context() as sleeping:
        sleeping.setattr(mail_book.Book, "turn_to", sleep_first)
        deliver_due(limit=3)
    deliver_due(later(hours=1, minutes=1))
    assert states() == {SENT: 3}
    # The first was handed over when the worker fell asleep: the one in doubt
    assert Counter(Counter(sink.message_ids).values()) == {1: 2, 2: 1}
