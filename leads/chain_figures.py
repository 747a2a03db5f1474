"""What stands in the segments of the chains beside anchor firms and gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from chains.tree_figures import FIGURES, TreeFigure
from leads.models import LandedProject, Lead

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User


def register() -> None:
    FIGURES.append(TreeFigure("open_leads", _("open leads"), _open_leads))
    FIGURES.append(TreeFigure("landed_projects", _("landed projects"), _projects))


def _open_leads(user: User) -> QuerySet[Lead]:
    """By the primary chain, which alone counts."""
    return Lead.objects.visible_to(user).open()


def _projects(user: User) -> QuerySet[LandedProject]:
    return LandedProject.objects.visible_to(user)
