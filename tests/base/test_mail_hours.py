"""When nothing is sent, and the edition without a mail server."""

from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from django.core import mail as django_mail
from pytest_django.fixtures import Settings

from kfq_crm.base.mail import deliver_due
from kfq_crm.base.models import CalendarDay, MailState, OutgoingMail, QuietHours, User
from tests.mailing import at, later, letter_to
from tests.sink import Sink

pytestmark = pytest.mark.django_db
SENT, WAITING = MailState.SENT, MailState.WAITING


# --- Quiet hours and rest days --------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("2026-11-23 07:29", True),
        ("2026-11-23 07:30", False),
        ("2026-11-23 19:59", False),
        ("2026-11-23 20:00", True),
        ("2026-11-24 00:00", True),
    ],
)
def test_quiet_hours_over_midnight(reader: User, sink: Sink, moment: str, quiet: bool) -> None:
    QuietHours.objects.create(valid_from="2026-01-01", starts_at=time(20, 0), ends_at=time(7, 30))
    letter_to(reader, not_before=at("2026-11-01 12:00"))
    done = deliver_due(at(moment))
    assert (done.is_quiet, done.sent) == (quiet, 0 if quiet else 1)


def test_quiet_hours_within_a_day_and_the_newest_rule_holds(reader: User, sink: Sink) -> None:
    QuietHours.objects.create(valid_from="2026-01-01", starts_at=time(0, 0), ends_at=time(23, 0))
    QuietHours.objects.create(valid_from="2026-11-23", starts_at=time(12, 0), ends_at=time(14, 0))
    letter_to(reader, not_before=at("2026-11-01 12:00"))
    assert deliver_due(at("2026-11-22 10:00")).is_quiet
    assert deliver_due(at("2026-11-23 13:00")).is_quiet
    assert deliver_due(at("2026-11-23 14:00")).sent == 1


def test_reminders_rest_on_rest_days_and_digests_do_not(reader: User, sink: Sink) -> None:
    letter_to(reader, key="r", kind="reminders", not_before=at("2026-11-01 12:00"))
    letter_to(reader, key="d", kind="digest", not_before=at("2026-11-01 12:00"))
    assert deliver_due(at("2026-11-22 10:00")).sent == 1  # a Sunday
    assert OutgoingMail.objects.get(state=SENT).key == "d"
    assert deliver_due(at("2026-11-23 10:00")).sent == 1


def test_make_up_saturday_is_a_working_day(reader: User, sink: Sink) -> None:
    CalendarDay.objects.create(day="2026-11-21", is_workday=True)
    letter_to(reader, kind="reminders", not_before=at("2026-11-01 12:00"))
    assert deliver_due(at("2026-11-21 10:00")).sent == 1


# --- Without a mail server ------------------------------------------------------------------


def test_file_edition_writes_one_file_a_message(
    reader: User, settings: Settings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "kfq_crm.base.mail_files.MailFolder"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    row = letter_to(reader, html="<p>正文</p>")
    deliver_due()
    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == row.message_id.strip("<>") + ".eml"
    assert file.stat().st_mode & 0o777 == 0o600
    OutgoingMail.objects.update(state=WAITING, sent_at=None)
    deliver_due(later(minutes=1))
    assert len(list((tmp_path / "mail").iterdir())) == 1


def test_other_backends_of_django_get_the_message(reader: User) -> None:
    letter_to(reader, html="<p>正文</p>")
    deliver_due()
    (message,) = django_mail.outbox
    assert (message.subject, message.to) == ("今日待办 3 项", ["gu.hang@example.com"])
    assert message.message()["Message-ID"] == OutgoingMail.objects.get().message_id


def test_date_is_when_the_message_could_go_first(reader: User, sink: Sink) -> None:
    letter_to(reader, not_before=datetime(2026, 11, 2, 1, 0, tzinfo=UTC))
    deliver_due()
    assert sink.received[0]["Date"].datetime >= OutgoingMail.objects.get().created_at.replace(
        microsecond=0
    )
