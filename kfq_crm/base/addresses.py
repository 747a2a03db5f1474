"""Whose address a request comes from, behind a fixed number of own proxies."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address that the outermost of our own proxies saw.

    Counts from the right of X-Forwarded-For, so that a client cannot invent its address.
    Fewer entries than proxies means the request came past them: the direct peer then counts.
    """
    direct: str = request.META.get("REMOTE_ADDR", "")
    count: int = settings.PROXY_COUNT
    if not count:
        return direct
    forwarded = [a.strip() for a in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    return forwarded[-count] if len(forwarded) >= count and forwarded[-count] else direct
