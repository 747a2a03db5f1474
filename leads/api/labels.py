"""How rows name the records around a lead."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from chains.models import Chain, Outpost, Segment, TaskTeam
from kfq_crm.base.api.rows import Label, Labels, Reading
from kfq_crm.base.models import User
from leads.models import Contract, Enterprise, LandedProject, Lead

NAMED = {"name": "name"}
CODED = {"code": "code", "name": "name"}


def chain_label(**kwargs: Any) -> Label:
    said = {"label": _("industry chain"), "help_text": _("Chain, with its code")}
    return Label(Chain, CODED, **{**said, **kwargs})


def chain_labels(**kwargs: Any) -> Labels:
    return Labels(Lead.secondary_chains, CODED, **kwargs)


def segment_label(**kwargs: Any) -> Label:
    said = {"label": _("segment"), "help_text": _("Segment of the chain, with its code")}
    return Label(Segment, CODED, **{**said, **kwargs})


def team_label(**kwargs: Any) -> Label:
    return Label(TaskTeam, NAMED, **kwargs)


def outpost_label(**kwargs: Any) -> Label:
    said = {"label": _("outpost"), "help_text": _("Outpost that found the lead")}
    return Label(Outpost, NAMED, **{**said, **kwargs})


def staff_label(**kwargs: Any) -> Label:
    """A member of the staff: no telephone, no address."""
    return Label(User, {"name": "display_name", "unit": "unit"}, **kwargs)


def enterprise_label(**kwargs: Any) -> Label:
    said = {"label": _("enterprise"), "help_text": _("Company, with its social credit code if any")}
    return Label(Enterprise, {"name": "name", "uscc": "uscc"}, **{**said, **kwargs})


def contract_label(**kwargs: Any) -> Label:
    said = {"label": _("contract"), "help_text": _("Contract, with its number on paper")}
    return Label(Contract, {"number": "number"}, **{**said, **kwargs})


def project_label(**kwargs: Any) -> Label:
    return Label(LandedProject, NAMED, **kwargs)


class LeadLabel(Label):
    """A lead by its number and the name that lists give it: of a confidential one the code name."""

    def __init__(self, **kwargs: Any) -> None:
        said = {"label": _("lead"), "help_text": _("Lead, with its number as people say it")}
        super().__init__(Lead, {"name": "title"}, **{**said, **kwargs})

    @cached_property
    def reading(self) -> Reading:
        named = 'CASE WHEN "confidential" THEN "code_name" ELSE "title" END'
        return Reading(f'"{Lead._meta.db_table}"', '"id"', (named,))

    def made(self, pk: int, values: Iterable[Any]) -> dict[str, Any]:
        return {"id": pk, "number": Lead(pk=pk).number, "name": next(iter(values))}

    @property
    def members(self) -> dict[str, str]:
        return {"number": "code_name", "name": "title"}

    @property
    def rests_on(self) -> Collection[str]:
        return ("confidential", "code_name", "title")
