"""Run the reminder sweep by hand, for now or for another moment."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from kfq_crm.base.mail import deliver_due
from leads.reminders.engine import run_reminders

MORNING = time(9)


class Command(BaseCommand):
    help = "Record what is due, cancel what no longer is, and send the day's messages."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", help="a day or a moment in site time: 2026-11-24 [09:30]")

    def handle(self, *args: Any, **options: Any) -> None:
        now = moment_of(options["now"])
        result = run_reminders(now)
        if result.is_busy:
            raise CommandError("Another worker sweeps at this moment; try again when it is done.")
        if result.is_rest_day:
            self.stdout.write(f"{timezone.localdate(now)} is a rest day: nothing is recorded.")
        delivery = deliver_due(now)
        self.stdout.write(
            f"recorded {result.recorded}, cancelled {result.cancelled}, "
            f"messages queued {result.messages}, sent {delivery.sent}, "
            f"people out of reach {len(result.out_of_reach)}"
        )


def moment_of(text: str | None) -> datetime | None:
    if text is None:
        return None
    day = parse_date(text)
    moment = datetime.combine(day, MORNING) if day else parse_datetime(text)
    if moment is None:
        raise CommandError("--now takes a day or a moment, like 2026-11-24 or '2026-11-24 09:30'")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
