"""Promises in danger, of both sides: what is past its day, or behind the pace that keeps it."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, IntegerField, Value, When

from leads.digest.reading import lead_item, leads_of, said
from leads.digest.registry import Scope, Section
from leads.models import Commitment
from leads.pace import COLOURS, IN_DANGER

SHOWN = 8


class PromisesInDanger(Section):
    """The worst first; where none is in danger the section is left out."""

    code = "promises"
    place = 45
    tells_of_now = True

    def content(self, scope: Scope) -> dict[str, Any] | None:
        leads = leads_of(scope).filter(exit="").order_by().values("pk")
        rows = Commitment.objects.filter(outlook__in=IN_DANGER, contract__lead__in=leads)
        total = rows.count()
        if not total:
            return None
        worst = Case(
            *(When(outlook=outlook, then=Value(place)) for place, outlook in enumerate(IN_DANGER)),
            output_field=IntegerField(),
        )
        shown = rows.select_related("contract__lead__owner").defer(
            "contract__lead__search_text", "contract__lead__search_grams", "contract__lead__summary"
        )
        listed = shown.order_by(worst, "due_on", "pk")[:SHOWN]
        return {
            "items": [_item(row) for row in listed],
            "total": total,
            "more": max(0, total - SHOWN),
        }


def _item(promise: Commitment) -> dict[str, Any]:
    lead = promise.contract.lead
    return {
        **lead_item(lead),
        "what": said(lead, promise.metric),
        "side": promise.get_side_display(),
        "due_on": promise.due_on.isoformat() if promise.due_on else None,
        "outlook": promise.get_outlook_display(),
        "colour": COLOURS[promise.outlook],  # type: ignore[index]  # a text is a key
    }
