"""The small world of figures on services."""

import pytest

from tests.services.questions.office import Office, office
from tests.services.serving.world import Serving, make_serving

__all__ = ["office"]


@pytest.fixture
def serving(office: Office) -> Serving:
    return make_serving(office)
