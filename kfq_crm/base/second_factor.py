"""A code from the telephone beside the password (TOTP). Optional; each person sets up the own.

Backup codes stand in when the telephone is lost; each works once. Wrong codes slow the next
attempt down (1, 2, 4 … seconds), and count towards the lock-out like wrong passwords.
"""

from __future__ import annotations

from base64 import b32encode, b64encode
from math import ceil
from typing import TYPE_CHECKING

import qrcode
import qrcode.image.svg
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_otp import verify_token
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from kfq_crm.base import access
from kfq_crm.base.accounts import may_administer
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind
from kfq_crm.base.parsing import nfkc

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django_otp.models import Device

    from kfq_crm.base.models import User

BACKUP_CODES = 10
_DIGITS = 6


def is_on(user: User) -> bool:
    """Whether signing in asks this person for a code."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def backup_codes_left(user: User) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())


@transaction.atomic
def begin_setup(*, by: User) -> TOTPDevice:
    """A fresh secret that counts for nothing until a code confirms it."""
    if is_on(by):
        raise RuleViolation("code_on", _("Sign-in with a code is on already."))
    pending(by).delete()
    return TOTPDevice.objects.create(user=by, name="totp", confirmed=False)


def pending(user: User) -> QuerySet[TOTPDevice]:
    """The secret not confirmed yet, at most one."""
    devices: QuerySet[TOTPDevice] = TOTPDevice.objects.filter(user=user, confirmed=False)
    return devices


@transaction.atomic
def confirm_setup(*, by: User, code: str, address: str = "") -> list[str]:
    """Switch the code on and return the backup codes, which are never shown again.

    Raises RuleViolation at `code` for a wrong one, and when nothing was begun.
    """
    device = pending(by).select_for_update().first()
    if device is None:
        raise RuleViolation("not_begun", _("Begin the set-up anew."))
    if not device.verify_token(_clean(code)):
        # Rolls the count of wrong codes back: whoever sees the secret needs no slowing down
        raise RuleViolation("code_wrong", _wrong_while_setting_up(), "code")
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    codes = _make_backup_codes(by)
    _log("second_factor.on", by, by, address)
    return codes


@transaction.atomic
def renew_backup_codes(*, by: User, address: str = "") -> list[str]:
    """Replace all backup codes by new ones."""
    if not is_on(by):
        raise RuleViolation("code_off", _("Sign-in with a code is off."))
    codes = _make_backup_codes(by)
    _log("second_factor.new_backup_codes", by, by, address)
    return codes


@transaction.atomic
def switch_off(*, user: User, by: User, address: str = "") -> None:
    """Ask for no code any more: oneself, or an administrator when the telephone is lost."""
    if user != by and not may_administer(by, user):
        raise RuleViolation("not_allowed", _("Only an administrator keeps accounts."))
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    _log("second_factor.off", user, by, address)


def verify(user: User, code: str) -> Device:
    """The device that knows this code. Raises RuleViolation at `code`, also while slowed down."""
    text = _clean(code)
    kind = TOTPDevice if text.isdecimal() and len(text) == _DIGITS else StaticDevice
    device = kind.objects.filter(user=user, confirmed=True).first()
    if device is None:
        raise RuleViolation("code_wrong", _wrong(), "code")
    _refuse_while_slowed_down(device)
    verified = verify_token(user, device.persistent_id, text)
    if verified is None:
        raise RuleViolation("code_wrong", _wrong(), "code")
    return verified


def _refuse_while_slowed_down(device: Device) -> None:
    allowed, why = device.verify_is_allowed()
    if not allowed:
        seconds = max(1, ceil((why["locked_until"] - timezone.now()).total_seconds()))
        message = _("After a wrong code, please wait %(seconds)s seconds.") % {"seconds": seconds}
        raise RuleViolation("slowed_down", message, "code")


def qr_code(device: TOTPDevice) -> str:
    """The secret as a picture for the telephone's camera, in the page itself (a data address)."""
    picture = qrcode.make(device.config_url, image_factory=qrcode.image.svg.SvgPathImage, border=2)
    return "data:image/svg+xml;base64," + b64encode(picture.to_string()).decode()


def secret_text(device: TOTPDevice) -> str:
    """The secret for typing it in where no camera is at hand."""
    text = b32encode(device.bin_key).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def _make_backup_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="backup")
    codes = [StaticToken.random_token() for _place in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return [f"{code[:4]}-{code[4:]}" for code in codes]


def _clean(code: str) -> str:
    return "".join(nfkc(code).split()).replace("-", "").lower()


def _wrong() -> str:
    return _("This code is not right. Type the six digits that the telephone shows now.")


def _wrong_while_setting_up() -> str:
    return _(
        "This code is not right. Check that the telephone's clock is correct and type the six "
        "digits that it shows now."
    )


def _log(subject: str, user: User, by: User, address: str) -> None:
    access.record_access(
        AccessKind.ADMINISTRATION,
        by=by,
        subject=subject,
        instance=user,
        detail={"account": user.username},
        address=address,
    )
