"""manage.py create_administrator — the first account of a new system."""

from __future__ import annotations

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from kfq_crm.base.errors import RuleViolation
from seeds.first_run import create_administrator, has_administrator

PASSWORD = "KFQ_ADMIN_PASSWORD"  # noqa: S105 — the variable's name


class Command(BaseCommand):
    help = (
        "Make the first administrator. Asks for what is not given; the password is never an "
        f"option, which other users of the machine could read, but may stand in {PASSWORD}"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default=os.environ.get("KFQ_ADMIN_USERNAME"))
        parser.add_argument("--full-name", default=os.environ.get("KFQ_ADMIN_NAME"))
        parser.add_argument(
            "--another", action="store_true", help="even though there is an administrator"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if has_administrator() and not options["another"]:
            raise CommandError(
                _("There is an administrator already; --another makes a further one.")
            )
        try:
            user = create_administrator(
                username=options["username"] or input(_("Sign-in name: ")),
                display_name=options["full_name"] or input(_("Full name: ")),
                password=os.environ.get(PASSWORD) or self._ask_password(),
                another=options["another"],
            )
        except RuleViolation as refused:
            raise CommandError(str(refused)) from refused
        except EOFError as nobody:
            raise CommandError(_("Nobody answers; give the names and the password.")) from nobody
        message = _("%(name)s is administrator and signs in as %(username)s.")
        self.stdout.write(message % {"name": user, "username": user.username})

    def _ask_password(self) -> str:
        first = getpass.getpass(_("Password: "))
        if first != getpass.getpass(_("Password again: ")):
            raise CommandError(_("The two passwords differ."))
        return first
