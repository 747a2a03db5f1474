"""The sidebar: navigation by work, not by table."""

from typing import Any

from django.http import HttpRequest


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links that this person may open, in unfold's SIDEBAR format."""
    return []
