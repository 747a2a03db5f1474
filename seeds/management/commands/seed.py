"""manage.py seed — the report's data; any number of times."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from seeds.loader import load_report


class Command(BaseCommand):
    help = "Load the report's chains, projects, figures and rules; changes no row that is there"

    def handle(self, *args: Any, **options: Any) -> None:
        load_report()
        self.stdout.write(_("The report's data are loaded."))
