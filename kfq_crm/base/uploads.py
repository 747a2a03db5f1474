"""How much may be sent at once."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults


class UploadLimit:
    """Middleware, before all that read what was sent: a request larger than UPLOAD_LARGEST is
    refused unread, so that nothing of it reaches the disk, whoever sends it.

    What comes without a length (chunked) is not read at all: Django reads as much as the length
    says, and gunicorn refuses a request with both. The API reads a megabyte by itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_program = request.path.startswith("/api/")
        if not is_program and _length(request) > settings.UPLOAD_LARGEST:
            return too_much()
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def too_much() -> HttpResponse:
    return HttpResponse(render_to_string("413.html"), status=413)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's page for what it refuses; too many files are told in words of their own."""
    if isinstance(exception, TooManyFilesSent):
        return too_much()
    return defaults.bad_request(request, exception)
