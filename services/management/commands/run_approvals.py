"""Run the sweep of approvals by hand, for now or for another moment."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leads.management.commands.run_reminders import moment_of
from services.actions.approval_sweep import run_approvals


class Command(BaseCommand):
    help = "Let promises lapse, accept what nobody answered, grant what a department let pass."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", help="a day or a moment in site time: 2026-11-24 [09:30]")

    def handle(self, *args: Any, **options: Any) -> None:
        result = run_approvals(moment_of(options["now"]))
        if result.is_busy:
            raise CommandError("Another worker sweeps at this moment; try again when it is done.")
        self.stdout.write(
            f"promises lapsed {result.lapsed}, accepted by silence {result.accepted}, "
            f"granted by default {result.deemed}, steps opened {result.opened}"
        )
