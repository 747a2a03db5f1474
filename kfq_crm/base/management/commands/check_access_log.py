"""Reckon the digests of the access log again; for a nightly job on the server."""

from typing import Any

from django.core.management import BaseCommand, CommandError

from kfq_crm.base.access import first_broken_line
from kfq_crm.base.models import AccessEntry


class Command(BaseCommand):
    help = "Check that no line of the access log was changed, put in or removed."

    def handle(self, *args: Any, **options: Any) -> None:
        line = first_broken_line()
        if line is not None:
            raise CommandError(f"The access log is broken at line {line}.")
        self.stdout.write(f"The access log is whole: {AccessEntry.objects.count()} lines.")
