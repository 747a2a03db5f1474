"""Make the weekly digests by hand, for now or for another moment."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kfq_crm.base.mail import deliver_due
from leads.digest.engine import make_digests
from leads.management.commands.run_reminders import moment_of


class Command(BaseCommand):
    help = "Freeze and queue the digests of the newest week that is due, and send them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", help="a day or a moment in site time: 2026-11-23 [08:00]")

    def handle(self, *args: Any, **options: Any) -> None:
        now = moment_of(options["now"])
        result = make_digests(now)
        delivery = deliver_due(now)
        self.stdout.write(
            f"made {result.made} (of these on record only {result.on_record}), "
            f"queued {result.queued}, failed {result.failed}, messages sent {delivery.sent}"
        )
        if result.error:
            raise CommandError(result.error)
