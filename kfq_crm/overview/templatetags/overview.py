"""How targets, gaps and projects read on the overview's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.translation import pgettext_lazy

from chains.figures import target_text
from chains.models import GapKind
from kfq_crm.overview.queries import teams

if TYPE_CHECKING:
    from decimal import Decimal

    from chains.models import AnnualTarget, Gap
    from leads.models import LandedProject

register = template.Library()
SIGNS = {GapKind.STRENGTHEN: "▲", GapKind.FILL: "+", GapKind.EXTEND: "→"}
MARKS = {
    GapKind.STRENGTHEN: pgettext_lazy("gap mark", "strengthen"),
    GapKind.FILL: pgettext_lazy("gap mark", "fill"),
    GapKind.EXTEND: pgettext_lazy("gap mark", "extend"),
}


@register.filter
def target_figure(target: AnnualTarget) -> str:
    """What is to be reached, with its unit and how it is meant."""
    return target_text(target)


@register.filter
def gap_sign(gap: Gap) -> str:
    """A sign beside the word, so that no kind is told by colour alone."""
    return SIGNS[GapKind(gap.kind)]


@register.filter
def gap_mark(gap: Gap) -> str:
    """The one word that people use: strengthen, fill, extend."""
    return str(MARKS[GapKind(gap.kind)])


@register.filter
def project_name(project: LandedProject) -> str:
    """The project's name, or its lead's code name where that is confidential."""
    return teams.project_name(project)


@register.filter
def plain_number(value: Decimal | None) -> str:
    """A number without idle zeros."""
    return "" if value is None else f"{value.normalize():,f}"
