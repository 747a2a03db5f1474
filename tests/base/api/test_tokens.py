"""Who gets in: tokens alive, from the right address, with the right scope, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from chains.actions.teams import add_member, appoint
from chains.roles import ADMINISTRATION, MAYORS_OFFICE, role_group
from kfq_crm.base import accounts, tokens
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessEntry, ApiRule, ApiToken, Audience, TokenScope, User
from leads.actions.pipeline import update_lead
from tests.api_cast import BASE, ClientOf, Program, make_a_token, program_of
from tests.base.api.test_bad_input import refused
from tests.cast import Cast
from tests.factories import UserFactory, log_a_lead

pytestmark = pytest.mark.django_db
CHAINS = f"{BASE}/chains/"


@pytest.fixture
def administrator(db: None) -> User:
    person = UserFactory(username="administrator")
    person.groups.add(role_group(ADMINISTRATION))
    return User.objects.get(pk=person.pk)


def made(by: User, **values: Any) -> tokens.Made:
    common: dict[str, Any] = {
        "name": "报表",
        "audience": Audience.OWNER,
        "scopes": ["chains:read"],
        "last_day": timezone.localdate() + timedelta(days=10),
        "by": by,
    }
    return tokens.make_token(**{**common, **values})


# --- Making ----------------------------------------------------------------------------------


def test_token_is_kept_as_a_digest_and_works(cast: Cast) -> None:
    issued = made(cast.member_a)
    secret = issued.text[len("kfq_0123456789abcdef_") :]
    stored = ApiToken.objects.filter(pk=issued.token.pk).values().get()
    assert secret not in str(stored)
    assert program_of(issued).get(CHAINS).status_code == 200


def test_every_act_stands_in_the_access_log(cast: Cast) -> None:
    issued = made(cast.member_a, address="10.0.0.1")
    tokens.revoke_token(token=issued.token, by=cast.member_a)
    entries = list(AccessEntry.objects.order_by("number"))[-2:]
    assert [entry.subject for entry in entries] == ["api_token.made", "api_token.revoked"]
    assert entries[0].detail["scopes"] == ["chains:read"]
    assert not any(issued.text[21:] in str(entry.detail) for entry in entries)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"scopes": []}, "scope_missing", "scopes"),
        ({"scopes": ["everything"]}, "scope_unknown", "scopes"),
        ({"networks": ["10.0.0.0/33"]}, "network_invalid", "networks"),
        ({"networks": ["10.0.0.1/24"]}, "network_invalid", "networks"),
        ({"networks": ["localhost"]}, "network_invalid", "networks"),
        ({"networks": [f"10.0.0.{n}" for n in range(30)]}, "network_too_many", "networks"),
        ({"name": " "}, "blank", "name"),
        ({"name": "长" * 101}, "max_length", "name"),
        ({"requests_per_minute": 2**40}, "rate_out_of_range", "requests_per_minute"),
    ],
)
def test_token_that_makes_no_sense_is_refused(
    cast: Cast, values: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        made(cast.member_a, **values)
    assert (refusal.value.code, refusal.value.field) == (code, field)


@pytest.mark.parametrize(("days", "code"), [(-1, "expiry_passed"), (30, "expiry_too_far")])
def test_token_lives_as_long_as_the_rule_allows(cast: Cast, days: int, code: str) -> None:
    today = timezone.localdate()
    ApiRule.objects.create(valid_from=today, requests_per_minute=7, longest_days=30)
    with pytest.raises(RuleViolation) as refusal:
        made(cast.member_a, last_day=today + timedelta(days=days))
    assert refusal.value.code == code
    longest = made(cast.member_a, last_day=today + timedelta(days=29))
    assert longest.token.requests_per_minute == 7


def test_who_may_make_which_token(cast: Cast, administrator: User) -> None:
    for person in (cast.outsider, cast.chain_leader_a, cast.disabled):
        with pytest.raises(RuleViolation):
            made(person)
    for person in (cast.member_a, cast.coordinator):
        with pytest.raises(RuleViolation):
            made(person, audience=Audience.MAYORS_OFFICE)
    assert made(cast.coordinator).token.owner == cast.coordinator
    assert made(administrator, audience=Audience.MAYORS_OFFICE).token.owner.service == MAYORS_OFFICE


@pytest.mark.parametrize("scope", ["contacts:read", "leads:write"])
def test_mayors_office_gets_no_personal_data_and_no_pen(administrator: User, scope: str) -> None:
    with pytest.raises(RuleViolation) as refusal:
        made(administrator, audience=Audience.MAYORS_OFFICE, scopes=[scope])
    assert refusal.value.code == "scope_not_for_audience"


def test_token_of_another_is_revoked_by_its_keeper_alone(cast: Cast, administrator: User) -> None:
    token = made(cast.member_a).token
    with pytest.raises(RuleViolation):
        tokens.revoke_token(token=token, by=cast.coordinator)
    assert tokens.revoke_token(token=token, by=administrator).revoked_by == administrator
    with pytest.raises(RuleViolation):
        tokens.revoke_token(token=token, by=administrator)


# --- Getting in ------------------------------------------------------------------------------


def test_without_a_token_nobody_gets_in(stranger: Program) -> None:
    answer = stranger.get(CHAINS)
    refused(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Token")


@pytest.mark.parametrize(
    "header",
    [
        "Token",
        "Token ",
        "Token x",
        "Token kfq_0123456789abcdef_wrong",
        "Token kfq_" + "a" * 100_000,
        "Token kfq_ü123456789abcde_x",
        "Bearer kfq_\x00",
    ],
)
def test_what_is_no_token_is_refused(stranger: Program, header: str) -> None:
    answer = stranger.get(CHAINS, headers={"authorization": header})
    refused(answer, 401, "token_invalid")
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("header", ["Basic bWVtYmVyX2E6eA==", "Digest x", "x"])
def test_other_ways_to_sign_in_are_none(stranger: Program, header: str) -> None:
    refused(stranger.get(CHAINS, headers={"authorization": header}), 401, "not_authenticated")


def test_signed_in_browser_is_a_stranger_here(cast: Cast, stranger: Program) -> None:
    """No cookie opens the API, so no other site can make a browser use it."""
    stranger.force_login(cast.member_a)
    refused(stranger.get(CHAINS), 401, "not_authenticated")


def test_wrong_secret_of_a_known_token_is_refused(cast: Cast, stranger: Program) -> None:
    text = made(cast.member_a).text
    answer = stranger.get(CHAINS, headers={"authorization": f"Token {text[:-1]}!"})
    refused(answer, 401, "token_invalid")


def test_bearer_is_the_same_as_token(cast: Cast, stranger: Program) -> None:
    text = made(cast.member_a).text
    assert stranger.get(CHAINS, headers={"authorization": f"bearer {text}"}).status_code == 200


def test_expired_token_is_refused_from_the_next_day_on(cast: Cast) -> None:
    with time_machine.travel("2026-03-10 09:00+08:00", tick=False) as clock:
        program = program_of(made(cast.member_a, last_day=timezone.localdate()))
        clock.move_to("2026-03-10 23:59:59+08:00")
        assert program.get(CHAINS).status_code == 200
        clock.move_to("2026-03-11 00:00:00+08:00")
        refused(program.get(CHAINS), 401, "token_expired")


def test_revoked_token_is_dead_at_once(cast: Cast) -> None:
    issued = made(cast.member_a)
    tokens.revoke_token(token=issued.token, by=cast.member_a)
    refused(program_of(issued).get(CHAINS), 401, "token_revoked")


def test_token_dies_with_its_owners_account(cast: Cast) -> None:
    program = program_of(made(cast.member_a))
    User.objects.filter(pk=cast.member_a.pk).update(is_active=False)
    refused(program.get(CHAINS), 401, "token_invalid")


def test_scope_opens_its_own_resources_alone(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a, scopes=[TokenScope.CHANGES_READ])
    assert refused(program.get(CHAINS), 403, "scope_missing")["scope"] == "chains:read"
    assert program.get(f"{BASE}/").status_code == 200


def test_scope_gives_nothing_that_the_owner_has_not(cast: Cast, client_of: ClientOf) -> None:
    """Staff without a team may view no chain; a token with the scope changes nothing about it."""
    refused(client_of(cast.outsider).get(CHAINS), 403, "not_allowed")


# --- Addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("networks", "address", "status"),
    [
        ([], "203.0.113.9", 200),
        (["10.1.2.3"], "10.1.2.3", 200),
        (["10.1.2.3"], "10.1.2.4", 401),
        (["10.1.2.0/24", "192.0.2.1"], "10.1.2.200", 200),
        (["10.1.2.0/24"], "::ffff:10.1.2.7", 200),
        (["10.1.2.0/24"], "2001:db8::1", 401),
        (["2001:db8::/32"], "2001:db8::1", 200),
        (["10.1.2.0/24"], "", 401),
        (["10.1.2.0/24"], "nonsense", 401),
    ],
)
def test_bound_token_works_from_its_addresses_alone(
    cast: Cast, networks: list[str], address: str, status: int
) -> None:
    program = program_of(made(cast.member_a, networks=networks))
    assert program.get(CHAINS, REMOTE_ADDR=address).status_code == status


def test_address_is_the_one_that_our_own_proxy_saw(cast: Cast, settings: Settings) -> None:
    program = program_of(made(cast.member_a, networks=["10.1.2.3"]))
    forged = {"HTTP_X_FORWARDED_FOR": "10.1.2.3", "REMOTE_ADDR": "203.0.113.9"}
    assert program.get(CHAINS, **forged).status_code == 401
    settings.PROXY_COUNT = 1
    assert program.get(CHAINS, **forged).status_code == 200
    forged["HTTP_X_FORWARDED_FOR"] = "10.1.2.3, 203.0.113.9"
    assert program.get(CHAINS, **forged).status_code == 401


def test_last_use_is_written_once_a_minute(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with time_machine.travel("2026-03-10 09:00+08:00", tick=False) as clock:
        program = program_of(made(cast.member_a))
        program.get(CHAINS, REMOTE_ADDR="10.0.0.7")
        used = ApiToken.objects.get()
        assert (used.last_used_at, used.last_used_from) == (timezone.now(), "10.0.0.7")
        clock.shift(59)
        program.get(CHAINS, REMOTE_ADDR="10.0.0.7")
        assert ApiToken.objects.get().last_used_at == used.last_used_at
        clock.shift(1)
        program.get(CHAINS, REMOTE_ADDR="10.0.0.7")
        assert ApiToken.objects.get().last_used_at == timezone.now()


# --- The mayor's office ----------------------------------------------------------------------


def test_service_account_is_nobody_to_sign_in_as(administrator: User) -> None:
    account = make_a_token(administrator, audience=Audience.MAYORS_OFFICE).token.owner
    assert not account.has_usable_password()
    assert not account.check_password("!")
    assert not account.is_staff
    assert account not in User.staff.visible_to(administrator)
    again = make_a_token(administrator, audience=Audience.MAYORS_OFFICE).token.owner
    assert again == account


def test_service_account_is_put_on_no_list_of_people(cast: Cast, administrator: User) -> None:
    account = make_a_token(administrator, audience=Audience.MAYORS_OFFICE).token.owner
    for refuse in REFUSALS:
        with pytest.raises(RuleViolation) as refusal:
            refuse(cast, administrator, account)
        assert refusal.value.code == "service_account"


def _take_into_team(cast: Cast, _administrator: User, account: User) -> None:
    add_member(team=cast.team_a, user=account, by=cast.coordinator)


def _make_leader(cast: Cast, _administrator: User, account: User) -> None:
    appoint(team=cast.team_a, leader=account, by=cast.coordinator)


def _put_on_reader_list(cast: Cast, _administrator: User, account: User) -> None:
    secret = log_a_lead(by=cast.member_a, confidential=True, code_name="启明")
    update_lead(lead=secret, values={"readers": [account]}, by=cast.member_a, expected=None)


def _give_a_password(_cast: Cast, administrator: User, account: User) -> None:
    accounts.set_one_time_password(user=account, by=administrator)


def _change_account(_cast: Cast, administrator: User, account: User) -> None:
    accounts.update_account(user=account, values={}, roles=[], by=administrator, expected=None)


REFUSALS = (
    _take_into_team,
    _make_leader,
    _put_on_reader_list,
    _give_a_password,
    _change_account,
)
