"""The letter that carries a digest: formatted and plain text from the frozen content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from leads.digest.registry import section_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_crm.base.models import User


@dataclass(frozen=True)
class Part:
    """A section as the templates get it."""

    code: str
    template: str
    content: Mapping[str, Any]


def parts_of(payload: Mapping[str, Any]) -> list[Part]:
    """The sections of the content in their order; one that no code shows any more is left out."""
    found = [(section_of(code), content) for code, content in payload["sections"].items()]
    known = [(section, content) for section, content in found if section]
    known.sort(key=lambda pair: pair[0].place)
    return [Part(section.code, section.template, content) for section, content in known]


def render(
    payload: Mapping[str, Any],
    *,
    person: User,
    links: Mapping[int, Mapping[str, str]],
    has_ledger: bool,
    is_preview: bool = False,
    in_place_of: str = "",
    skipped: list[str] | None = None,
) -> dict[str, str]:
    """Subject, plain and formatted text of the digest for one person."""
    context = {
        "digest": payload,
        "person": person,
        "parts": parts_of(payload),
        "links": links,
        "has_ledger": has_ledger,
        "is_preview": is_preview,
        "in_place_of": in_place_of,
        "skipped": skipped or payload.get("skipped") or [],
        "site_url": settings.SITE_URL,
    }
    return {
        "subject": subject_of(payload),
        "text": render_to_string("leads/digest/letter.txt", context),
        "html": render_to_string("leads/digest/letter.html", context),
    }


def subject_of(payload: Mapping[str, Any]) -> str:
    asked = len(payload["sections"].get("questions", {}).get("items", []))
    words = {
        "what": payload["chain"] or _("Whole zone"),
        "week": payload["week"],
        "count": asked,
    }
    if asked:
        return _("%(what)s: weekly digest %(week)s, %(count)s for you to decide") % words
    return _("%(what)s: weekly digest %(week)s") % words
