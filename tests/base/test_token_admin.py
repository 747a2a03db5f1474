"""Tokens on the office pages: made and shown once, seen with their use, revoked."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base.models import AccessEntry, ApiToken, Audience, User
from kfq_crm.overview.navigation import sidebar
from tests.api_cast import make_a_token, program_of
from tests.cast import Cast
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
ADD = "admin:base_apitoken_add"
LIST = "admin:base_apitoken_changelist"


@pytest.fixture
def administrator(db: None) -> User:
    person = UserFactory(username="administrator")
    person.groups.add(role_group(ADMINISTRATION))
    return User.objects.get(pk=person.pk)


def filled(**values: Any) -> dict[str, Any]:
    last = timezone.localdate() + timedelta(days=30)
    common = {"name": "周报脚本", "scopes": ["leads:read"], "last_day": str(last), "networks": ""}
    return {**common, **values}


def shown(answer: Any) -> str:
    found = re.search(r'id="token">([^<]+)<', answer.content.decode())
    assert found, answer.content.decode()
    return found[1]


def page(token: ApiToken, verb: str = "change") -> str:
    return reverse(f"admin:base_apitoken_{verb}", args=[token.pk])


def test_token_is_shown_once_and_works(cast: Cast, client: Client) -> None:
    client.force_login(cast.member_a)
    answer = client.post(reverse(ADD), filled(networks="127.0.0.1\n10.1.2.0/24"))
    assert "no-store" in answer.headers["Cache-Control"]
    text = shown(answer)
    token = ApiToken.objects.get()
    assert (token.owner, token.made_by) == (cast.member_a, cast.member_a)
    assert token.networks == ["127.0.0.1/32", "10.1.2.0/24"]
    secret = text.removeprefix(f"kfq_{token.key}_")
    for address in (reverse(LIST), page(token), page(token, "revoke")):
        assertNotContains(client.get(address), secret)
    stranger = Client()
    asked = stranger.get("/api/v1/leads/", headers={"authorization": f"Token {text}"})
    assert asked.status_code == 200
    assertContains(client.get(page(token)), "127.0.0.1")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["all"]}, "scopes"),
        ({"last_day": "2020-01-01"}, "last_day"),
        ({"last_day": "2099-01-01"}, "last_day"),
        ({"last_day": "soon"}, "last_day"),
        ({"networks": "10.0.0.300"}, "networks"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    cast: Cast, client: Client, values: dict[str, Any], field: str
) -> None:
    client.force_login(cast.member_a)
    answer = client.post(reverse(ADD), filled(**values))
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not ApiToken.objects.exists()


def test_administrator_makes_tokens_of_the_mayors_office_alone(
    administrator: User, client: Client
) -> None:
    client.force_login(administrator)
    form = client.get(reverse(ADD)).context["adminform"].form
    assert "audience" not in form.fields
    offered = [scope for scope, _label in form.fields["scopes"].choices]
    assert offered == ["overview:read", "chains:read", "leads:read", "changes:read"]
    shown(client.post(reverse(ADD), filled(name="市府办督查系统")))
    token = ApiToken.objects.get()
    assert (token.audience, token.owner.service) == (Audience.MAYORS_OFFICE, "mayors_office")
    answer = client.post(reverse(ADD), filled(scopes=["contacts:read"]))
    assert list(answer.context["adminform"].form.errors) == ["scopes"]


def test_who_may_do_both_chooses(cast: Cast, administrator: User, client: Client) -> None:
    administrator.groups.add(cast.team_a.group)
    client.force_login(administrator)
    shown(client.post(reverse(ADD), filled(audience="owner")))
    shown(client.post(reverse(ADD), filled(audience="mayors_office")))
    own, office = ApiToken.objects.order_by("pk")
    assert (own.owner, office.owner.service) == (administrator, "mayors_office")


def test_list_tells_the_state_and_the_last_use(cast: Cast, client: Client) -> None:
    issued = make_a_token(cast.member_a)
    program_of(issued).get("/api/v1/chains/", REMOTE_ADDR="10.7.7.7")
    client.force_login(cast.member_a)
    assertContains(client.get(reverse(LIST)), "10.7.7.7")
    later = timezone.now() - timedelta(days=1)
    ApiToken.objects.update(expires_at=later, made_at=later - timedelta(days=1))
    assertNotContains(client.get(reverse(LIST)), "10.7.7.7")
    assertContains(client.get(reverse(LIST), {"tab": "ended"}), "已过期")


def test_revoked_token_is_refused_and_the_log_tells_who(cast: Cast, client: Client) -> None:
    issued = make_a_token(cast.member_a)
    client.force_login(cast.member_a)
    answer = client.post(page(issued.token, "revoke"))
    assertRedirects(answer, page(issued.token))
    assert program_of(issued).get("/api/v1/chains/").status_code == 401
    entry = AccessEntry.objects.order_by("number").last()
    assert entry
    assert (entry.subject, entry.actor) == ("api_token.revoked", cast.member_a)
    assertContains(client.get(page(issued.token, "revoke")), "此前已撤销")


def test_log_reads_in_chinese(cast: Cast, client: Client) -> None:
    make_a_token(cast.member_a, scopes=["leads:read"])
    client.force_login(cast.coordinator)
    answer = client.get(reverse("admin:base_accessentry_changelist"))
    assertContains(answer, "创建访问令牌")
    assertNotContains(answer, "api_token")


def test_way_to_tokens_is_shown_to_those_who_may(
    cast: Cast, administrator: User, client: Client
) -> None:
    for person, may in (
        (cast.member_a, True),
        (cast.coordinator, True),
        (administrator, True),
        (cast.chain_leader_a, False),
        (cast.outsider, False),
    ):
        client.force_login(person)
        request = client.get(reverse("admin:workbench")).wsgi_request
        links = [item["link"] for group in sidebar(request) for item in group["items"]]
        assert (reverse(LIST) in links) is may, person
        assert (reverse("api:docs") in links) is may, person
