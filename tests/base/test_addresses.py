"""Whose address counts behind a fixed number of proxies."""

import pytest
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from kfq_crm.base.addresses import client_address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "", "10.0.0.1"),
        (0, "6.6.6.6", "10.0.0.1"),  # no proxy of ours wrote that
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "6.6.6.6, 203.0.113.5", "203.0.113.5"),  # the left one is the client's invention
        (2, "6.6.6.6, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        (2, "203.0.113.5", "10.0.0.1"),  # came past the outer proxy
        (1, "", "10.0.0.1"),
    ],
)
def test_client_address_counts_from_our_own_proxies(
    rf: RequestFactory, settings: Settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.PROXY_COUNT = proxies
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", headers={"x-forwarded-for": forwarded})
    assert client_address(request) == expected
