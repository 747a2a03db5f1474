"""Fixtures of the tests of the API's ground; chains are its guinea pigs."""

import pytest

from tests.api_cast import ClientOf, Program
from tests.cast import Cast


@pytest.fixture
def program(cast: Cast, client_of: ClientOf) -> Program:
    """A program of member_a with every scope."""
    return client_of(cast.member_a)
