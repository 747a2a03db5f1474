"""Reads that the sections share. None of them grows with the leads of other chains."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from chains.visibility import own_teams, sees_all
from kfq_crm.base.amounts import format_amount
from leads.models import LandedProject, Lead

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User
    from leads.digest.period import Period
    from leads.digest.registry import Scope

LISTED = 200  # rows of a kind that are read; beyond it a number says "200+"
FEW = 1000
EXCERPT = 60


def leads_of(scope: Scope) -> QuerySet[Lead]:
    """Leads of the chain (or of all) that the reader may see, without their wide columns."""
    return scope.leads.all()


def touched(scope: Scope, since: datetime) -> Any:
    """Keys of the leads written to since then: every record of a lead writes to it as well.

    A list where they are few: that is read quicker than the reader's long condition in each of
    the queries that follow.
    """
    rows = leads_of(scope).filter(updated_at__gte=since).order_by().values_list("pk", flat=True)
    first = list(rows[: FEW + 1])
    return first if len(first) <= FEW else rows


def during(period: Period, column: str) -> Q:
    """The moment of the row lies in the week. The moment of recording, never a typed date: a
    talk of Friday that is logged on Monday would fall into no week at all."""
    return Q(**{f"{column}__gte": period.begins_at, f"{column}__lt": period.ends_at})


def readable_leads(
    user: User, keys: Iterable[int | None], visible: QuerySet[Lead] | None = None
) -> set[int]:
    """Those of the leads that the person may see; `visible`: all of them, if built already."""
    wanted = {key for key in keys if key}
    if not wanted:
        return set()
    rows = Lead.objects.visible_to(user) if visible is None else visible
    return set(rows.filter(pk__in=wanted).values_list("pk", flat=True))


def readable_projects(user: User, keys: Iterable[int | None]) -> set[int]:
    """The same for landed projects: with their lead, or by their chain where there is none."""
    wanted = {key for key in keys if key}
    if not wanted:
        return set()
    rows = LandedProject.objects.filter(pk__in=wanted).values_list("pk", "contract__lead", "chain")
    leads = readable_leads(user, (lead for _pk, lead, _chain in rows))
    chains = _chains_of(user)
    return {
        pk
        for pk, lead, chain in rows
        if (lead in leads if lead else chains is None or chain in chains)
    }


def sees_chain(user: User, chain: int | None) -> bool:
    """Whether the person sees the chain's open work; None asks for every chain."""
    chains = _chains_of(user)
    return chains is None or chain in chains


def _chains_of(user: User) -> set[int] | None:
    """Chains whose work the person sees; None for all."""
    if sees_all(user):
        return None
    return set(own_teams(user).values_list("chain", flat=True))


def excerpt(text: str) -> str:
    """A text on one line, cut where it gets long."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1].rstrip() + "…"


def lead_item(lead: Lead) -> dict[str, Any]:
    """How a lead is named in a digest. A confidential one goes by its code name, and nothing
    that somebody wrote about it goes along: mails travel."""
    return {
        "lead": lead.pk,
        "name": str(lead),
        "number": lead.number,
        "owner": str(lead.owner),
        "stage": lead.get_stage_display(),
        "amount": "" if lead.investment is None else format_amount(lead.investment, lead.currency),
        "secret": lead.confidential,
    }


def said(lead: Lead, text: str) -> str:
    """What somebody wrote about a lead, if it may travel."""
    return "" if lead.confidential else excerpt(text)
