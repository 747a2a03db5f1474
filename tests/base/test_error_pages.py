"""Pages outside the admin's frame: every refusal is a page of ours, none of them leaks."""

import pytest
from django.template.loader import render_to_string
from django.test import Client


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_page_stands_without_request_or_database(name: str) -> None:
    """Django renders 500 with an empty context, perhaps because the database is gone."""
    page = render_to_string(f"{name}.html")
    assert "<h1>" in page
    assert "/admin/" in page


@pytest.mark.django_db
def test_unknown_address_asks_a_stranger_nothing(client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "nowhere" not in answer.content.decode()
