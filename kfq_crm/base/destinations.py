"""How a person is reached: the account's e-mail address, or a group robot of the own choice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from kfq_crm.base.columns import check_columns
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.models import Channel, ChannelPreference, User
from kfq_crm.base.webhooks import parse_robot

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Destination:
    """Channel and address; of a robot only the host, since the rest is a secret.

    `problem` says why the person cannot be reached; empty otherwise.
    """

    channel: str
    address: str
    problem: str = ""


def destination_of(person: User) -> Destination:
    return destinations([person])[person.pk]


def destinations(people: Collection[User]) -> Mapping[int, Destination]:
    """The same for many people in one query."""
    chosen = {row.user_id: row for row in ChannelPreference.objects.filter(user__in=people)}
    return {person.pk: _destination(person, chosen.get(person.pk)) for person in people}


def outside(address: str) -> Destination:
    """Somebody without an account, reached by mail. RuleViolation at `email` for no address."""
    if not address:
        raise RuleViolation("no_address", _("Enter an e-mail address."), "email")
    try:
        return Destination(Channel.EMAIL, _checked_address(address))
    except RuleViolation as violation:
        raise RuleViolation(violation.code, violation.message, "email") from violation


def _destination(person: User, chosen: ChannelPreference | None) -> Destination:
    channel = chosen.channel if chosen else Channel.EMAIL
    try:
        if not person.is_active:
            raise RuleViolation("disabled", _("The account is disabled."))
        if chosen and channel != Channel.EMAIL:
            return Destination(channel, parse_robot(channel, chosen.webhook).host)
        return Destination(Channel.EMAIL, _checked_address(person.email))
    except RuleViolation as violation:
        return Destination(channel, "", str(violation.message))


def _checked_address(address: str) -> str:
    if not address:
        raise RuleViolation("no_address", _("The account has no e-mail address."))
    try:
        validate_email(address)
    except ValidationError as error:
        raise RuleViolation("bad_address", _("The e-mail address is not valid.")) from error
    if not address.isascii():
        raise RuleViolation("bad_address", _("The e-mail address is not valid."))
    return address


@transaction.atomic
def choose_channel(
    *, user: User, channel: str, webhook: str = "", secret: str = "", by: User, expected: int | None
) -> ChannelPreference:
    """Set where the own messages go. An empty `webhook` keeps the one on record, unless the
    channel changes.

    Everybody chooses only for oneself. RuleViolation at `webhook` for an address that may not be
    called, VersionConflict on an outdated page (`expected` is None or 0 where nothing was chosen).
    """
    if by != user:
        raise RuleViolation("not_own", _("Everybody chooses the own channel."))
    User.staff.select_for_update(no_key=True).get(pk=user.pk)  # two first choices at once
    row = ChannelPreference.objects.filter(user=user).first() or ChannelPreference(user=user)
    if row.pk and expected != row.version:
        raise VersionConflict(row, expected or 0)
    _fill(row, channel, webhook.strip(), secret.strip())
    row.version += bool(row.pk)
    row.save()
    return row


def _fill(row: ChannelPreference, channel: str, webhook: str, secret: str) -> None:
    same = row.channel == channel
    row.channel = channel
    if channel == Channel.EMAIL:
        row.webhook = row.secret = ""
    else:
        row.secret = secret or (row.secret if same and not webhook else "")
        row.webhook = webhook or (row.webhook if same else "")
        if not row.webhook:
            raise RuleViolation("blank", _("Enter the address of the robot."), "webhook")
        parse_robot(channel, row.webhook)
        if secret and (channel != Channel.DINGTALK or not secret.isalnum()):
            raise RuleViolation(
                "secret",
                _("Only DingTalk robots have a signing secret (letters, digits)."),
                "secret",
            )
    check_columns(row)
