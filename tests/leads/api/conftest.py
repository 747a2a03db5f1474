"""Programs of the cast on a Monday morning."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
import time_machine

from leads.models import Lead
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.leads.claiming import MONDAY


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def program(cast: Cast, client_of: ClientOf) -> Program:
    """A program of a member of team A, with every scope."""
    return client_of(cast.member_a)


@pytest.fixture
def lead(cast: Cast) -> Lead:
    return log_a_lead(by=cast.member_a, investor="航天信控动力", investment=Decimal(32000))
