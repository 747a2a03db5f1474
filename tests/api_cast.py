"""Programs that ask: clients with a token of one of the cast, or of the mayor's office."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from rest_framework.test import APIClient

from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base.models import ApiToken, Audience, User
from kfq_crm.base.token_models import SCOPES_OF_AUDIENCE
from kfq_crm.base.tokens import Made, make_token
from tests.factories import UserFactory

BASE = "/api/v1"
ClientOf = Callable[..., "Program"]


class Program(APIClient):
    """A client of the API with its token; paths are given below /api/v1, answers are JSON."""

    token: ApiToken
    text: str

    def ask(self, path: str, **parameters: Any) -> Any:
        return self.get(f"{BASE}{path}", parameters)

    def rows(self, path: str, **parameters: Any) -> list[Any]:
        answer = self.ask(path, **parameters)
        assert answer.status_code == 200, answer.content.decode()
        return list(answer.json()["results"])

    def whole(self, path: str, **parameters: Any) -> list[Any]:
        """All pages of a list."""
        answer = self.ask(path, **parameters)
        found = list(answer.json()["results"])
        while following := answer.json()["next"]:
            answer = self.get(following)
            found += answer.json()["results"]
        return found


def make_a_token(user: User, scopes: Collection[str] | None = None, **values: Any) -> Made:
    """A token of this person with all scopes, made directly: whoever reads may own one here."""
    audience = values.pop("audience", Audience.OWNER)
    return make_token(
        name="测试",
        audience=audience,
        scopes=SCOPES_OF_AUDIENCE[audience] if scopes is None else scopes,
        last_day=timezone.localdate() + timedelta(days=30),
        requests_per_minute=values.pop("requests_per_minute", 100_000),
        by=user,
        **values,
    )


def program_of(made: Made) -> Program:
    client = Program(raise_request_exception=False)
    client.token, client.text = made.token, made.text
    client.credentials(HTTP_AUTHORIZATION=f"Token {made.text}")
    return client


@pytest.fixture
def client_of(db: None) -> ClientOf:
    """`client_of(member_a, scopes=["leads:read"])`: a program with a token of this person.

    Who may not make tokens (chain leaders, staff without a team) gets the right for it.
    """

    def made(user: User, scopes: Collection[str] | None = None, **values: Any) -> Program:
        able = grant_tokens(user)
        return program_of(make_a_token(able, scopes, **values))

    return made


@pytest.fixture
def mayors_office(db: None) -> Program:
    """The mayor's office's own system, with every scope that it may have."""
    administrator = UserFactory(username="token_keeper")
    administrator.groups.add(role_group(ADMINISTRATION))
    return program_of(make_a_token(administrator, audience=Audience.MAYORS_OFFICE))


@pytest.fixture
def stranger() -> Program:
    """A client without a token."""
    return Program(raise_request_exception=False)


def grant_tokens(user: User) -> User:
    permission = Permission.objects.get(codename="add_apitoken", content_type__app_label="base")
    user.user_permissions.add(permission)
    return User.objects.get(pk=user.pk)
