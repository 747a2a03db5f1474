"""What the overview's answer looks like, for the description of the API."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter

from kfq_crm.overview.api.definitions import DEFINITIONS
from kfq_crm.overview.queries.scene import Breakdown
from leads.models import CommitmentSide
from leads.models.rules import Band
from leads.stages import LossReason, Stage

Shape = dict[str, Any]
ABOUT: Final = _(
    "What a mayor asks: signings, starts and completions beside the year's targets, the funnel, "
    "times in the stages, this week beside the last, what is overdue and what was lost; how far "
    "departments decide and answer in time, and which promises are kept. As it stands now, or as "
    "it stood at the end of a past day. Groups add up to the total; confidential "
    "leads that the reader may not read count in totals only (see `confidential`)."
)
PARAMETERS: Final = [
    OpenApiParameter(
        "as_of",
        {"type": "string", "format": "date"},
        description=_("The end of this past day, in site time; without it now"),
    ),
    OpenApiParameter(
        "by",
        {"type": "string", "enum": Breakdown.values},
        description=_("Parts every figure; a month is that of the event, or of logging"),
    ),
    OpenApiParameter("chain", str, description=_("Only this industry chain, by its code")),
    OpenApiParameter(
        "year",
        {"type": "integer", "minimum": 1949, "maximum": 2100},
        description=_("Year of the events and targets; else that of `as_of`"),
    ),
]


def _text(description: Any = None, **more: Any) -> Shape:
    return {
        "type": "string",
        **({} if description is None else {"description": description}),
        **more,
    }


def _object(**properties: Shape) -> Shape:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(items: Shape) -> Shape:
    return {"type": "array", "items": items}


def _codes(*codes: str) -> Shape:
    return {"type": "string", "enum": list(codes)}


def _or_null(shape: Shape) -> Shape:
    return {**shape, "type": [shape["type"], "null"]}


_NUMBER: Final[Shape] = {"type": "integer", "minimum": 0}
_SHARE: Final[Shape] = {"type": ["number", "null"], "description": _("per cent (unit)")}
_DAYS: Final[Shape] = {"type": ["number", "null"], "description": _("days of 24 hours (unit)")}
_CALENDAR_DAYS: Final[Shape] = {
    "type": ["number", "null"],
    "description": _("calendar days in the figures of services (unit)"),
}
_MEAN: Final[Shape] = {
    "type": ["number", "null"],
    "description": _("rating from 1, the worst, to 5 (unit)"),
}
_AMOUNTS: Final = _object(
    CNY=_text(_("ten thousand yuan"), example="60000.0000"),
    USD=_text(_("ten thousand US dollars"), example="2000.0000"),
)
_COUNTED: Final = {"leads": _NUMBER, "amounts": _AMOUNTS}
_GROUP: Final = {
    "kind": _codes(*Breakdown.values, "none", "other"),
    "key": {
        "type": ["string", "integer", "null"],
        "description": _("Code of the chain, number of the team or outpost, or the month"),
    },
    "name": _text(),
}
_STAGES: Final = _list(
    _object(stage=_codes(*Stage.values, "other"), name=_text(), **_COUNTED),
)
_CONVERSION: Final = _list(
    _object(
        **{"from": _codes(*Stage.values), "to": _codes(*Stage.values)},
        entered=_NUMBER,
        reached=_NUMBER,
        percent=_SHARE,
    )
)
_COMPARED: Final = _object(this=_NUMBER, last=_NUMBER, change={"type": "integer"})
_WEEK: Final = _object(**{"from": _text(format="date"), "before": _text(format="date")})
_ON_TIME: Final = {
    "decided": _NUMBER,
    "in_time": _NUMBER,
    "percent": _SHARE,
    "median_days": _CALENDAR_DAYS,
}
_ANSWERED: Final = {"fed_back": _NUMBER, "in_time": _NUMBER, "percent": _SHARE}
_CELLS: Final[dict[str, dict[str, Shape]]] = {
    "signings": {"signings": _NUMBER, "expansions": _NUMBER, "amounts": _AMOUNTS},
    "starts": {"projects": _NUMBER},
    "completions": {"projects": _NUMBER},
    "productions": {"projects": _NUMBER},
    "funnel": {**_COUNTED, "stages": _STAGES, "conversion": _CONVERSION},
    "time_in_stage": {
        "stages": _list(
            _object(
                stage=_codes(*Stage.values),
                name=_text(),
                moves=_NUMBER,
                median_days=_DAYS,
                p90_days=_DAYS,
            )
        )
    },
    "week": {"new": _COMPARED, "moved": _COMPARED, "stuck": _COMPARED},
    "overdue": {"leads": _NUMBER},
    "bands": {
        **_COUNTED,
        "bands": _list(_object(band=_codes(*Band.values, "", "other"), name=_text(), **_COUNTED)),
    },
    "lost": {
        "leads": _NUMBER,
        "reasons": _list(
            _object(reason=_codes(*LossReason.values, "other"), name=_text(), leads=_NUMBER)
        ),
    },
    "steps_on_time": {
        **_ON_TIME,
        "departments": _list(_object(department=_text(), name=_text(), **_ON_TIME)),
    },
    "step_days": {
        "steps": _list(
            _object(step=_text(), name=_text(), decided=_NUMBER, median_days=_CALENDAR_DAYS)
        )
    },
    "deemed_grants": {"grants": _NUMBER, "set_aside": _NUMBER},
    "questions_on_time": {
        **_ANSWERED,
        "departments": _list(_object(department=_text(), name=_text(), **_ANSWERED)),
    },
    "satisfaction": {"rated": _NUMBER, "mean": _MEAN, "low": _NUMBER, "percent": _SHARE},
    "promises_kept": {
        "sides": _list(
            _object(
                side=_codes(*CommitmentSide.values),
                name=_text(),
                due=_NUMBER,
                kept=_NUMBER,
                percent=_SHARE,
            )
        )
    },
}
_TARGET: Final = _object(
    id=_NUMBER,
    scope=_text(),
    chain=_or_null(_text()),
    team={"type": ["integer", "null"]},
    name=_text(),
    metric=_object(code=_text(), name=_text(), unit=_text()),
    comparator=_text(),
    without_jiangyin_park={"type": "boolean"},
    target=_text(),
    reached=_NUMBER,
    percent=_SHARE,
    counting=_or_null(_text()),
)


def _figure(name: str) -> Shape:
    cell = _CELLS[name]
    total = _object(**cell)
    group = _object(**_GROUP, **cell)
    if name == "week":  # without a rule nobody can say what is stuck
        total["required"] = ["new", "moved"]
        group["required"] = [*_GROUP, "new", "moved"]
    figure = _object(definition=_text(), total=total)
    figure["properties"] |= {"by": _codes(*Breakdown.values), "groups": _list(group)}
    if name == "week":
        figure["properties"]["weeks"] = _object(this=_WEEK, last=_WEEK)
    return {**figure, "description": DEFINITIONS[name]}


def answer() -> Shape:
    """The whole document."""
    figures = {name: _figure(name) for name in _CELLS}
    figures["targets"] = {
        **_object(definition=_text(), rows=_list(_TARGET)),
        "description": DEFINITIONS["targets"],
    }
    moment = _text(format="date-time")
    return _object(
        as_of={**moment, "description": _("The moment up to which the records are counted")},
        computed_at={**moment, "description": _("When these figures were counted")},
        year=_NUMBER,
        by=_or_null(_text()),
        chain=_or_null(_text()),
        units={"type": "object", "additionalProperties": {"type": "string"}},
        confidential={
            "type": "object",
            "required": ["treatment", "definition"],
            "properties": {
                "treatment": _codes("merged", "left_out", "read"),
                "fewest": _NUMBER,
                "definition": _text(),
            },
        },
        figures=_object(**figures),
    )
