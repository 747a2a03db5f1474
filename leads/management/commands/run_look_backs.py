"""Run the sweep over promises and look-backs by hand, for now or for another moment."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leads.actions.look_back_sweep import run_look_backs
from leads.management.commands.run_reminders import moment_of


class Command(BaseCommand):
    help = "Make the look-backs that reached milestones call for, judge how open promises stand."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", help="a day or a moment in site time: 2026-11-24 [09:30]")

    def handle(self, *args: Any, **options: Any) -> None:
        result = run_look_backs(moment_of(options["now"]))
        if result.is_busy:
            raise CommandError("Another worker sweeps at this moment; try again when it is done.")
        self.stdout.write(
            f"look-backs made {result.look_backs}, promises that stand otherwise {result.outlooks}"
        )
