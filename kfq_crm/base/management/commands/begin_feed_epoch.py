"""To be run after a backup was put back: readers of the change feed take a new snapshot."""

from typing import Any

from django.core.management import BaseCommand

from kfq_crm.base.feed import begin_epoch


class Command(BaseCommand):
    help = "End every cursor of the change feed, after a backup of the database was put back."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"A new epoch of the change feed has begun: {begin_epoch()}.")
