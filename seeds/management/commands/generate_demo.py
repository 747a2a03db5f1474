"""manage.py generate_demo --leads N: bulk data to try the system with, or to measure it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leads.models import Lead
from seeds.generate import generate
from seeds.generators.people import GENERATOR

EVERY = 100_000


class Command(BaseCommand):
    help = "Adds invented leads with all that hangs on them. Running it again adds more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--leads", type=int, required=True, help="How many leads to add.")
        parser.add_argument("--seed", type=int, default=1, help="Another number, other data.")
        parser.add_argument(
            "--follow-ups", type=int, default=2, help="Follow-ups a lead, on average."
        )
        parser.add_argument(
            "--yes", action="store_true", help="Add them even to a database with real leads."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["leads"] < 1 or options["follow_ups"] < 0:
            raise CommandError("Give at least one lead, and no negative number of follow-ups.")
        # Nothing takes them out again.
        if not options["yes"] and Lead.objects.exclude(logged_by__username=GENERATOR).exists():
            raise CommandError(
                "This database has leads that somebody logged. --yes adds invented ones to them, "
                "for good: leads are never deleted."
            )
        result = generate(
            options["leads"],
            seed=options["seed"],
            follow_ups=options["follow_ups"],
            tell=self._tell if options["verbosity"] else lambda done: None,
        )
        self.stdout.write(
            f"{result.leads:,} leads in {result.seconds:.1f} s, "
            f"{result.leads / result.seconds:,.0f} a second."
        )

    def _tell(self, done: int) -> None:
        if done and done % EVERY == 0:
            self.stdout.write(f"{done:,} leads …")
