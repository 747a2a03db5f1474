"""Conditions of requests: If-Match on changes, ETag and If-None-Match on answers."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kfq_crm.base.api.problems import Problem, bad_request

_VERSION: Final = re.compile(r'"([0-9]{1,9})"')


def etag_of(instance: Any) -> str:
    """The revision of an aggregate, as detail answers carry it: "7" in quotation marks."""
    return f'"{instance.version}"'


def expected_version(request: Request) -> int:
    """The revision that a change was made of, from If-Match; 428 without one.

    `*` would switch the comparison off, and is refused like anything that is no revision.
    """
    text = request.headers.get("If-Match", "").strip()
    if not text:
        message = _("Send the header If-Match with the ETag of the record that you read.")
        raise Problem(428, "if_match_missing", message)
    found = _VERSION.fullmatch(text)
    if not found:
        message = _('If-Match must hold one ETag as it was read, for example “"7"”.')
        raise bad_request("If-Match", "if_match_invalid", message)
    return int(found[1])


def weak_etag(request: Request, *facts: object) -> str:
    """An ETag of what an answer rests on, of who asks and of how; without computing the answer.

    Names what the reader may see by token and owner, what was asked by the whole query, and the
    form of the answer by format and language.
    """
    token: Any = request.auth
    rests_on = (
        facts,
        token.pk,
        token.scopes,
        request.build_absolute_uri(),
        request.accepted_renderer.format,
        translation.get_language(),
    )
    return f'W/"{blake2b(repr(rests_on).encode("utf-8", "replace"), digest_size=12).hexdigest()}"'


def not_modified(request: Request, etag: str) -> Response | None:
    """304 when the reader has this answer already; otherwise None."""
    known = [text.strip() for text in request.headers.get("If-None-Match", "").split(",")]
    plain = etag.removeprefix("W/")
    if "*" not in known and plain not in {text.removeprefix("W/") for text in known}:
        return None
    return Response(status=304, headers={"ETag": etag})
