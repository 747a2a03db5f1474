"""How long a sign-in lasts: so long idle, so long at most.

Django ends a session by itself when the password changes (session auth hash) or the
account is disabled (the backend no longer returns the user).
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

SIGNED_IN_AT = "signed_in_at"
SEEN_AT = "seen_at"

# A request refreshes the idle limit at most this often: a read page is not a database write.
REFRESH_AFTER = 60


class SessionLimits:
    """Middleware, after authentication: refreshes the idle limit, enforces the longest stay.

    The idle limit is SESSION_COOKIE_AGE; it is kept to within REFRESH_AFTER seconds.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            self._check(request)
        return self.get_response(request)

    def _check(self, request: HttpRequest) -> None:
        now = _seconds()
        session = request.session
        started = session.setdefault(SIGNED_IN_AT, now)
        if now - started >= settings.SESSION_LONGEST:
            logout(request)
        elif now - session.get(SEEN_AT, 0) >= REFRESH_AFTER:
            session[SEEN_AT] = now


def connect() -> None:
    """Start the clock at every sign-in."""
    user_logged_in.connect(_start_clock, dispatch_uid="base.sessions.start_clock")


def _start_clock(request: HttpRequest, **kwargs: Any) -> None:
    request.session[SIGNED_IN_AT] = request.session[SEEN_AT] = _seconds()


def _seconds() -> int:
    return int(timezone.now().timestamp())
