"""Fixtures of the ground's tests."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

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
