"""Bodies: JSON alone, of a size that people's programs send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.parsers import JSONParser

from kfq_crm.base.api.problems import Problem

LARGEST = 1024 * 1024


class StrictJSONParser(JSONParser):
    """UTF-8 JSON without NaN, repeated names, or more nesting than a record can have."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise Problem(413, "too_large", _("The body of the request is too large."))
        try:
            return json.loads(body.decode(), parse_constant=_refuse, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise Problem(400, "json_invalid", _("The body is not valid JSON.")) from error


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found
