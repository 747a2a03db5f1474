"""Fixtures of the ground's tests."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base.models import User
from tests.factories import UserFactory
from tests.mailing import SMTP
from tests.sink import Sink


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    """A real mail server that the outbox sends to."""
    with Sink() as server:
        settings.EMAIL_BACKEND = SMTP
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.host, server.port
        yield server


@pytest.fixture
def reader(db: None) -> User:
    """Somebody who can be reached."""
    return UserFactory(username="gu.hang", display_name="顾航", email="gu.hang@example.com")


@pytest.fixture
def administrator(db: None) -> User:
    """Runs the system: keeps mail going, reads no lead."""
    person = UserFactory(username="administrator", display_name="管理员")
    person.groups.add(role_group(ADMINISTRATION))
    return User.objects.get(pk=person.pk)
