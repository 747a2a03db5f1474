"""Fixtures of the overview's pages."""

import pytest

from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base.models import User
from tests.cast import Cast
from tests.factories import UserFactory


@pytest.fixture
def administrator(cast: Cast) -> User:
    user = UserFactory(username="administrator", display_name="系统管理员")
    user.groups.add(role_group(ADMINISTRATION))
    return user
