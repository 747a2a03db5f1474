"""Filters that resources of several apps share."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from chains.models import Chain, ChainKind, TaskTeam
from kfq_crm.base.api.filters import CodesFilter, RecordsFilter, visible_rows


def by_chain(column: str = "chain", **kwargs: Any) -> RecordsFilter:
    """`chain=aerospace,new-materials`: by code; a code that no chain has is refused."""
    label = _("Codes of industry chains, behind commas")
    return RecordsFilter(
        field_name=column, rows=visible_rows(Chain), by="code", **{"label": label, **kwargs}
    )


def by_chain_kind(column: str = "chain__kind") -> CodesFilter:
    return CodesFilter(
        field_name=column, choices=ChainKind.choices, label=_("Core industry or industry chain")
    )


def by_team(column: str = "team", **kwargs: Any) -> RecordsFilter:
    label = _("Numbers of task teams, behind commas")
    return RecordsFilter(
        field_name=column, rows=visible_rows(TaskTeam), **{"label": label, **kwargs}
    )
