"""The small world of the overview's figures, and the programs that ask for them."""

import pytest

from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base.models import Audience
from tests.api_cast import ClientOf, Program, make_a_token, program_of
from tests.factories import UserFactory
from tests.overview.spring import TODAY, Spring, clock, spring

__all__ = ["spring"]


@pytest.fixture
def coordinator(spring: Spring, client_of: ClientOf) -> Program:
    """A program of the coordination office, which reads no confidential lead."""
    with clock(TODAY):
        return client_of(spring.cast.coordinator)


@pytest.fixture
def mayors_office_then(db: None) -> Program:
    """The mayor's office in March 2026."""
    administrator = UserFactory(username="token_keeper")
    administrator.groups.add(role_group(ADMINISTRATION))
    with clock(TODAY):
        return program_of(make_a_token(administrator, audience=Audience.MAYORS_OFFICE))
