"""manage.py seed_demo — invented people and leads, for trying the system out."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from seeds.demo import is_empty, load_demo
from seeds.scenes.people import demo_accounts


class Command(BaseCommand):
    help = (
        "Load invented people and leads into an empty database. Refused unless KFQ_DEMO=1 (bin/run "
        "sets it) or --demo says that this is a demonstration; the accounts' password is taken "
        "from KFQ_DEMO_PASSWORD"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="this is a demonstration")
        parser.add_argument(
            "--accounts", action="store_true", help="only list the demo accounts that are there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["accounts"]:
            self._list_accounts()
            return
        if not options["demo"] and os.environ.get("KFQ_DEMO") != "1":
            raise CommandError(
                _("Demo data are for demonstrations only. Set KFQ_DEMO=1 if this is one.")
            )
        if not is_empty():
            self.stdout.write(_("There are people or leads already; no demo data are loaded."))
            return
        password = os.environ.get("KFQ_DEMO_PASSWORD")
        if not password:
            raise CommandError(_("Set KFQ_DEMO_PASSWORD, the password of the demo accounts."))
        load_demo(password)
        self.stdout.write(_("The demo data are loaded."))

    def _list_accounts(self) -> None:
        named, more = demo_accounts()
        for user in named:
            self.stdout.write(f"{user.username:<14}{user.display_name}  {user.unit} {user.post}")
        if more:
            self.stdout.write(_("… and %(count)s more, in the list of people") % {"count": more})
