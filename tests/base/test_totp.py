"""The code at sign-in: set-up, second step, backup codes, slowing down, switching off."""

import re
from datetime import timedelta
from time import time

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base import second_factor
from kfq_crm.base.models import AccessEntry, User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(db: None) -> User:
    return UserFactory(username="gu.hang", display_name="顾航")


@pytest.fixture
def device(person: User) -> TOTPDevice:
    """A code that is on already."""
    return TOTPDevice.objects.create(user=person, name="totp", confirmed=True)


def code_of(device: TOTPDevice, later: int = 0) -> str:
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = time() + later * device.step
    return f"{totp.token():06d}"


def wrong_code(device: TOTPDevice) -> str:
    near = {code_of(device, step) for step in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


def give_password(client: Client, **extra: str) -> object:
    form = {"username": "gu.hang", "password": PASSWORD, **extra}
    return client.post(reverse("admin:login"), form)


def give_code(client: Client, code: str) -> object:
    return client.post(reverse("admin:sign_in_code"), {"code": code})


def is_in(client: Client) -> bool:
    return client.get(reverse("admin:own_account")).status_code == 200


# --- Setting up ------------------------------------------------------------------------------


def begin(client: Client, person: User) -> TOTPDevice:
    client.force_login(person)
    client.post(reverse("admin:code_begin"))
    return TOTPDevice.objects.get(user=person)


def test_set_up_shows_the_secret_without_any_outside_address(client: Client, person: User) -> None:
    begin(client, person)
    answer = client.get(reverse("admin:code_setup"))
    assertContains(answer, 'src="data:image/svg+xml;base64,')
    assertContains(answer, answer.context["secret"])
    assert "no-store" in answer.headers["Cache-Control"]


def test_right_code_switches_it_on_and_shows_backup_codes_once(
    client: Client, person: User
) -> None:
    device = begin(client, person)
    assert not second_factor.is_on(person)
    answer = client.post(reverse("admin:code_setup"), {"code": code_of(device)})
    codes = re.findall(r"<li>([a-z2-7]{4}-[a-z2-7]{4})</li>", answer.content.decode())
    assert len(set(codes)) == second_factor.BACKUP_CODES
    assert second_factor.is_on(person)
    assertNotContains(client.get(reverse("admin:own_account")), codes[0])
    assertRedirects(client.get(reverse("admin:code_setup")), reverse("admin:own_account"))


def test_wrong_code_leaves_it_off_and_says_what_to_check(client: Client, person: User) -> None:
    device = begin(client, person)
    for _attempt in range(3):
        answer = client.post(reverse("admin:code_setup"), {"code": wrong_code(device)})
        assertContains(answer, "手机时间")
    assert not second_factor.is_on(person)
    client.post(reverse("admin:code_setup"), {"code": code_of(device)})
    assert second_factor.is_on(person)


def test_beginning_anew_makes_a_new_secret(client: Client, person: User) -> None:
    old = begin(client, person).key
    assert begin(client, person).key != old


def test_secret_that_is_on_is_never_shown_again(
    client: Client, person: User, device: TOTPDevice
) -> None:
    client.force_login(person)
    client.post(reverse("admin:code_begin"))
    assertRedirects(client.get(reverse("admin:code_setup")), reverse("admin:own_account"))
    assert TOTPDevice.objects.get(user=person).pk == device.pk


# --- Signing in ------------------------------------------------------------------------------


def test_password_alone_is_not_enough(client: Client, device: TOTPDevice) -> None:
    assertRedirects(give_password(client), reverse("admin:sign_in_code"))
    assert not is_in(client)


def test_code_after_the_password_signs_in(client: Client, device: TOTPDevice) -> None:
    give_password(client)
    assert give_code(client, code_of(device)).status_code == 302
    assert is_in(client)
    last = AccessEntry.objects.order_by("number").last()
    assert (last.kind, last.detail) == ("sign_in", {"step": "code"})


def test_code_leads_to_the_page_that_was_asked_for(client: Client, device: TOTPDevice) -> None:
    wanted = reverse("admin:own_account")
    client.post(
        f"{reverse('admin:login')}?next={wanted}", {"username": "gu.hang", "password": PASSWORD}
    )
    assertRedirects(give_code(client, code_of(device)), wanted)


def test_foreign_address_is_no_page_to_go_to(client: Client, device: TOTPDevice) -> None:
    client.post(
        f"{reverse('admin:login')}?next=https://evil.example/",
        {"username": "gu.hang", "password": PASSWORD},
    )
    assert "evil" not in give_code(client, code_of(device)).headers["Location"]


def test_same_code_works_once(client: Client, device: TOTPDevice) -> None:
    code = code_of(device)
    give_password(client)
    give_code(client, code)
    client.logout()
    give_password(client)
    assert give_code(client, code).status_code == 200
    assert not is_in(client)


def test_code_without_a_password_leads_back(client: Client, device: TOTPDevice) -> None:
    assertRedirects(give_code(client, code_of(device)), reverse("admin:login"))


def test_password_holds_for_five_minutes(client: Client, device: TOTPDevice) -> None:
    give_password(client)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assertRedirects(give_code(client, code_of(device)), reverse("admin:login"))
    assert not is_in(client)


def test_password_changed_in_between_voids_the_first_step(
    client: Client, person: User, device: TOTPDevice
) -> None:
    give_password(client)
    person.set_password("another password 7")
    person.save()
    assertRedirects(give_code(client, code_of(device)), reverse("admin:login"))


def test_account_disabled_in_between_stays_out(
    client: Client, person: User, device: TOTPDevice
) -> None:
    give_password(client)
    person.is_active = False
    person.save()
    assertRedirects(give_code(client, code_of(device)), reverse("admin:login"))


def test_full_width_and_spaced_digits_are_understood(client: Client, device: TOTPDevice) -> None:
    give_password(client)
    digits = code_of(device)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in digits)
    assert give_code(client, f"{wide[:3]} {wide[3:]}").status_code == 302


# --- Wrong codes -----------------------------------------------------------------------------


def test_wrong_code_slows_the_next_attempt_down(client: Client, device: TOTPDevice) -> None:
    give_password(client)
    assertContains(give_code(client, wrong_code(device)), "不正确")
    assertContains(give_code(client, code_of(device)), "请等待")
    assert not is_in(client)


def test_five_wrong_codes_lock_like_five_wrong_passwords(
    client: Client, device: TOTPDevice
) -> None:
    give_password(client)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _attempt in range(5):
            clock.shift(timedelta(seconds=20))
            answer = give_code(client, wrong_code(device))
        assert answer.status_code == 429
        clock.shift(timedelta(seconds=60))
        assertRedirects(
            give_code(client, code_of(device)), reverse("admin:login"), target_status_code=200
        )
        assert give_password(client).status_code == 429
    refused = AccessEntry.objects.filter(kind="sign_in_failed", detail__step="code")
    assert refused.count() == 5


# --- Backup codes and switching off ----------------------------------------------------------


def test_backup_code_lets_in_once(client: Client, person: User, device: TOTPDevice) -> None:
    codes = second_factor.renew_backup_codes(by=person)
    give_password(client)
    assert give_code(client, codes[0].upper()).status_code == 302
    client.logout()
    give_password(client)
    assert give_code(client, codes[0]).status_code == 200
    assert second_factor.backup_codes_left(person) == second_factor.BACKUP_CODES - 1


def test_new_backup_codes_void_the_old_ones(
    client: Client, person: User, device: TOTPDevice
) -> None:
    old = second_factor.renew_backup_codes(by=person)
    client.force_login(person)
    answer = client.post(reverse("admin:code_renew_backup"), {"password": PASSWORD})
    assertContains(answer, "备用码")
    assert not StaticToken.objects.filter(token=old[0].replace("-", "")).exists()
    assert StaticToken.objects.count() == second_factor.BACKUP_CODES


@pytest.mark.parametrize("name", ["code_renew_backup", "code_switch_off"])
def test_own_verbs_ask_for_the_password(
    client: Client, person: User, device: TOTPDevice, name: str
) -> None:
    client.force_login(person)
    assertContains(client.post(reverse(f"admin:{name}"), {"password": "wrong"}), "密码不正确")
    assert second_factor.is_on(person)
    assert StaticToken.objects.count() == 0


def test_switching_off_asks_for_no_code_any_more(
    client: Client, person: User, device: TOTPDevice
) -> None:
    client.force_login(person)
    client.post(reverse("admin:code_switch_off"), {"password": PASSWORD})
    client.logout()
    give_password(client)
    assert is_in(client)


def test_administrator_resets_a_lost_telephone(
    client: Client, person: User, device: TOTPDevice
) -> None:
    administrator = UserFactory()
    administrator.groups.add(role_group(ADMINISTRATION))
    client.force_login(administrator)
    client.post(reverse("admin:base_user_reset_device", args=[person.pk]))
    assert not second_factor.is_on(person)
    last = AccessEntry.objects.order_by("number").last()
    assert (last.subject, last.actor, last.detail) == (
        "second_factor.off",
        administrator,
        {"account": "gu.hang"},
    )
