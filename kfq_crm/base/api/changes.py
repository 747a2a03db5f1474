"""/api/v1/changes/: the change feed for programs that keep a copy. See docs/api/changes.md."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from typing import Any, ClassVar, Final

from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from kfq_crm.base import feed
from kfq_crm.base.api.access import log_personal_read
from kfq_crm.base.api.authentication import refused
from kfq_crm.base.api.problems import Problem, bad_request
from kfq_crm.base.api.serializers import ReadSerializer
from kfq_crm.base.api.views import OfficeView
from kfq_crm.base.api.waiting import ROOM, wait_for
from kfq_crm.base.models import ApiToken, TokenScope
from kfq_crm.base.parsing import nfkc, shown

LIMIT: Final = 100
LARGEST: Final = 1000
LONGEST_WAIT: Final = 30  # seconds

_REASONS: Final = {
    "epoch_ended": gettext_lazy("The database was put back to an earlier state."),
    "rights_changed": gettext_lazy("What you may see has changed, or you asked for other kinds."),
    "cursor_expired": gettext_lazy("Changes since this cursor are no longer kept."),
}

_ENTRY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["resource", "id", "kind", "recorded_at"],
    "properties": {
        "number": {
            "type": "integer",
            "description": gettext_lazy(
                "Place in the feed; given only to a reader who sees every record"
            ),
        },
        "resource": {"type": "string", "example": "leads"},
        "id": {"type": "integer"},
        "kind": {"type": "string", "enum": ["upsert", "tombstone"]},
        "recorded_at": {"type": "string", "format": "date-time"},
        "data": {
            "type": "object",
            "description": gettext_lazy("The record as its list shows it; absent in a tombstone"),
        },
    },
}
_ANSWER: Final[dict[str, Any]] = {
    "oneOf": [
        {
            "type": "object",
            "required": ["results", "cursor", "more"],
            "properties": {
                "results": {"type": "array", "items": _ENTRY},
                "cursor": {
                    "type": "string",
                    "description": gettext_lazy("Send it as `after` with the next request"),
                },
                "more": {
                    "type": "boolean",
                    "description": gettext_lazy("More changes wait; ask again at once"),
                },
            },
        },
        {
            "type": "object",
            "required": ["as_of", "resources"],
            "properties": {
                "as_of": {
                    "type": "string",
                    "description": gettext_lazy("Cursor to go on from after the lists are read"),
                },
                "resources": {
                    "type": "object",
                    "additionalProperties": {"type": "string", "format": "uri"},
                },
            },
        },
    ]
}


class Changes(OfficeView):
    """What was written since, as the reader may see it; without a cursor, how to begin."""

    required_scopes: ClassVar[Mapping[str, str]] = {"read": TokenScope.CHANGES_READ}
    parameters: ClassVar[Sequence[str]] = ("after", "limit", "wait", "resource")
    renderer_classes = (JSONRenderer,)
    resource = "changes"
    _personal_rows = 0

    @extend_schema(
        summary=gettext_lazy("Changes since a cursor"),
        description=gettext_lazy(
            "Without `after`: the cursor `as_of` and the lists to read for a first copy. With it: "
            "the changes since then, oldest first. Applying one twice does no harm. 410 means: "
            "throw the copy away and begin anew; the detail says why."
        ),
        parameters=[
            OpenApiParameter("after", OpenApiTypes.STR, description=gettext_lazy("A cursor")),
            OpenApiParameter(
                "limit",
                OpenApiTypes.INT,
                description=gettext_lazy("Changes in one answer: 1 to 1000, else 100"),
            ),
            OpenApiParameter(
                "wait",
                OpenApiTypes.INT,
                description=gettext_lazy("Seconds to wait for a change if there is none: 0 to 30"),
            ),
            OpenApiParameter(
                "resource",
                OpenApiTypes.STR,
                description=gettext_lazy("Only these kinds of records, behind commas"),
            ),
        ],
        responses={(200, "application/json"): _ANSWER},
    )
    def get(self, request: Request) -> Response:
        limit = _number(request, "limit", LIMIT, 1, LARGEST)
        wait = _number(request, "wait", 0, 0, LONGEST_WAIT)
        reader = self._reader()
        word = request.query_params.get("after")
        if word is None:
            return self._beginning(reader)
        after = _place(word, reader)
        page = feed.read_changes(reader, after, limit, self._rows)
        if wait and not page.entries and request.META.get("wsgi.multithread"):
            page = self._wait(word, page, limit, wait)
        return Response(
            {
                "results": self._told(reader, page.entries),
                "cursor": str(page.cursor),
                "more": page.more,
            }
        )

    def _beginning(self, reader: feed.Reader) -> Response:
        """The cursor first: what is written while the lists are read comes after it."""
        as_of = str(feed.beginning(reader))
        lists = {
            name: reverse(f"api:{name}-list", request=self.request)
            for name in sorted(reader.resources)
        }
        return Response({"as_of": as_of, "resources": lists})

    def _wait(self, word: str, page: feed.Page, limit: int, seconds: int) -> feed.Page:
        """The first page with something in it, or an empty one when the time is up.

        Rights are asked for anew before each look: they may have been taken away meanwhile.
        """
        until = time.monotonic() + seconds
        with ROOM.place_for(self.token.pk) as has_place:
            while has_place and not page.entries:
                looked_at = page.looked_at
                if not wait_for(lambda since=looked_at: feed.has_news(since), until):  # type: ignore[misc]  # bound now
                    break
                self._admit_again()
                reader = self._reader()
                page = feed.read_changes(reader, _place(word, reader), limit, self._rows)
        return page

    def _admit_again(self) -> None:
        token = ApiToken.objects.alive().select_related("owner").filter(pk=self.token.pk).first()
        if token is None:
            raise refused("token_invalid", _("This token is not valid."))
        self.request.user, self.request.auth = token.owner, token  # type: ignore[assignment]  # as authentication sets them

    def _reader(self) -> feed.Reader:
        """Who asks; with data of people outside the staff a row reads otherwise."""
        manner = "personal" if self.token.may_read_personal_data else ""
        return feed.reader_of(self.user, resources=self._resources(), manner=manner)

    def _resources(self) -> list[str] | None:
        text = self.request.query_params.get("resource")
        if text is None:
            return None
        names = [name.strip() for name in text.split(",")]
        for name in names:
            if name not in feed.PUBLISHED:
                message = _("There is no kind of record “%(name)s” here. Known: %(known)s.")
                words = {"name": shown(name), "known": ", ".join(sorted(feed.PUBLISHED))}
                raise bad_request("resource", "unknown_resource", message % words)
        return names

    # --- The records -------------------------------------------------------------------------

    def _told(self, reader: feed.Reader, entries: Sequence[feed.Entry]) -> list[dict[str, Any]]:
        if self._personal_rows:
            log_personal_read(self.request, self.resource, rows=self._personal_rows)
        zone = timezone.get_current_timezone()
        numbered = reader.sees_everything
        return [_entry(one, zone, numbered=numbered) for one in entries]

    def _rows(self, resource: str, pks: Collection[int]) -> dict[int, dict[str, Any]]:
        """Rows as the list of the resource shows them to this token."""
        serializer: type[ReadSerializer] = feed.PUBLISHED[resource].serializer
        names = serializer.known_fields(self.token)
        rows = serializer.prepare(feed.rows_of(resource, self.user, pks), names, self.user)
        context = {"user": self.user, "token": self.token}
        found = serializer(rows, many=True, names=names, context=context).data
        personal = serializer.personal_fields & set(names)
        self._personal_rows += sum(any(row[name] for name in personal) for row in found)
        return {row["id"]: row for row in found}


def _entry(entry: feed.Entry, zone: tzinfo, *, numbered: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"number": entry.number} if numbered else {}
    told["resource"], told["id"] = entry.resource, entry.pk
    told["kind"] = "tombstone" if entry.row is None else "upsert"
    told["recorded_at"] = entry.recorded_at.astimezone(zone).isoformat()
    return told if entry.row is None else {**told, "data": entry.row}


def _place(word: str, reader: feed.Reader) -> int:
    try:
        return feed.place_of(feed.Cursor.parse(word), reader)
    except feed.Malformed as error:
        message = _("This is no cursor of the change feed: send one exactly as it was given.")
        raise bad_request("after", "cursor_invalid", message) from error
    except feed.Gone as error:
        message = _("%(reason)s Throw your copy away and begin anew, without `after`.")
        raise Problem(410, error.code, message % {"reason": _REASONS[error.code]}) from error


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    plain = nfkc(text)
    if plain.isascii() and plain.isdigit() and len(plain) <= 6 and least <= int(plain) <= most:
        return int(plain)
    message = _("“%(text)s” is not a whole number from %(least)s to %(most)s.")
    words = {"text": shown(text), "least": least, "most": most}
    raise bad_request(name, "number_invalid", message % words)


urlpatterns = [path("changes/", Changes.as_view(), name="changes-list")]
