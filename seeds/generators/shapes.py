"""Rows in two parts: what is a row's own, and what it shares with rows of the same story.

The shared part is turned into a line once, and the rows that a story leaves in a table are put
together at once; that is what makes thousands of rows a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db.models import Field, Model

from kfq_crm.base.models import Change
from leads.models import (
    Claim,
    ClaimKey,
    Contact,
    Contract,
    DepartmentOpinion,
    Enterprise,
    FollowUp,
    JointReview,
    Lead,
    Screening,
    StageChange,
)

# In the order in which rows may refer to each other: the columns that are a row's own.
OWN: dict[type[Model], tuple[str, ...]] = {
    Enterprise: (
        *("id", "name", "name_key", "uscc", "parent_group", "parent_key", "industry_code"),
        *("region_code", "registered_by_id", "search_text", "search_grams"),
    ),
    Contact: ("enterprise_id", "team_id", "owner_id", "name", "phone", "phone_key"),
    Claim: ("id", "enterprise_id", "team_id"),
    ClaimKey: ("claim_id", "kind", "value"),
    Lead: (
        *("id", "title", "enterprise_id", "chain_id", "segment_id", "owner_id", "claim_id"),
        *("first_talk_team_id", "outpost_id", "investment", "fixed_investment", "currency"),
        *("band", "confidential", "code_name", "search_text", "search_grams"),
    ),
    Lead.secondary_chains.through: ("lead_id", "chain_id"),
    Lead.readers.through: ("lead_id", "user_id"),
    FollowUp: ("lead_id", "logged_by_id", "their_people"),
    StageChange: ("lead_id", "moved_by_id"),
    Screening: ("lead_id", "judged_by_id"),
    DepartmentOpinion: ("lead_id", "recorded_by_id"),
    JointReview: ("lead_id", "recorded_by_id"),
    Contract: (
        *("lead_id", "number", "their_party", "investment", "fixed_investment", "currency"),
        *("legal_review_reference", "fair_competition_reference"),
    ),
    Change: ("object_id",),
}
TABLES = tuple(OWN)


@cache
def own_fields(model: type[Model]) -> tuple[Field[Any, Any], ...]:
    named = {f.attname: f for f in model._meta.concrete_fields}
    return tuple(named[name] for name in OWN[model])


@cache
def shared_fields(model: type[Model]) -> tuple[Field[Any, Any], ...]:
    """All other columns; a primary key that is nobody's own is the database's business."""
    own = set(OWN[model])
    fields = model._meta.concrete_fields
    return tuple(f for f in fields if f.attname not in own and not f.primary_key)


@cache
def defaults(model: type[Model]) -> dict[str, Any]:
    """Of the shared columns; nobody changes them."""
    return {f.attname: f.get_default() for f in shared_fields(model)}


class Shared:
    """The shared part of a row; what is not `given` has the column's default."""

    __slots__ = ("given", "model")

    def __init__(self, model: type[Model], **given: Any) -> None:
        unknown = given.keys() - defaults(model).keys()
        if unknown:
            raise TypeError(f"{model.__name__} shares no {unknown}")
        self.model = model
        self.given = given

    @property
    def values(self) -> dict[str, Any]:
        """In the order of the columns."""
        return defaults(self.model) | self.given


class Sheaf:
    """The shared parts of all rows of one table that a story leaves; `lines` is filled by who
    writes them."""

    __slots__ = ("lines", "parts")

    def __init__(self, parts: Sequence[Shared]) -> None:
        self.parts = parts
        self.lines: list[str] = []


Part = tuple[Any, ...]
