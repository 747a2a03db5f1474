"""A task team with its people, what lies on their desks, and its chain's list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from chains.models import ChainPolicy, Site, TargetCompany, TargetState, TeamMembership
from kfq_crm.overview.queries.piles import Pile, pile
from leads.models import LandedProject, Lead

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from chains.models import Chain, TaskTeam
    from kfq_crm.base.models import User

SHOWN = 10
WIDE = ("search_text", "search_grams")  # of leads and enterprises, half of their rows


@dataclass(frozen=True)
class Colleague:
    """A current member with the numbers of visible open and overdue leads."""

    membership: TeamMembership
    open: int
    overdue: int

    @property
    def user(self) -> User:
        return self.membership.user


@dataclass(frozen=True)
class ChainList:
    """一链一清单: everything that a chain's team keeps and courts, as one view."""

    companies: Pile[TargetCompany]
    leads: Pile[Lead]
    projects: Pile[LandedProject]
    policies: Pile[ChainPolicy]
    sites: Pile[Site]


def colleagues(team: TaskTeam, user: User, today: date) -> list[Colleague]:
    """Members in the order of joining, in two queries."""
    members = team.memberships.current().select_related("user", "outpost")
    leads = Lead.objects.visible_to(user).open().filter(chain=team.chain_id).order_by()
    late = Count("pk", filter=Q(next_action_on__lt=today))
    counts = {
        owner: (every, overdue)
        for owner, every, overdue in leads.values_list("owner").annotate(n=Count("pk"), late=late)
    }
    return [Colleague(row, *counts.get(row.user_id, (0, 0))) for row in members]


def list_of(chain: Chain, user: User) -> ChainList:
    """The first rows of each part; two queries a part."""
    return ChainList(
        companies=pile(companies_of(chain, user), SHOWN),
        leads=pile(leads_of(chain, user), SHOWN),
        projects=pile(projects_of(chain, user), SHOWN),
        policies=pile(policies_of(chain, user), SHOWN),
        sites=pile(sites_of(chain, user), SHOWN),
    )


def companies_of(chain: Chain, user: User) -> QuerySet[TargetCompany]:
    """Companies sought; those given up stay on the list of all."""
    rows = TargetCompany.objects.visible_to(user).filter(chain=chain)
    return rows.exclude(state=TargetState.DROPPED).select_related("segment", "gap", "owner")


def leads_of(chain: Chain, user: User) -> QuerySet[Lead]:
    """Open leads of which this is the primary chain, the newest first."""
    rows = Lead.objects.visible_to(user).open().filter(chain=chain)
    beside = rows.select_related("enterprise", "segment", "owner")
    return beside.defer(*WIDE, *(f"enterprise__{column}" for column in WIDE)).order_by("-pk")


def projects_of(chain: Chain, user: User) -> QuerySet[LandedProject]:
    rows = LandedProject.objects.visible_to(user).filter(chain=chain)
    return rows.select_related("segment", "enterprise", "contract__lead").order_by("-pk")


def policies_of(chain: Chain, user: User) -> QuerySet[ChainPolicy]:
    return ChainPolicy.objects.visible_to(user).filter(chain=chain).order_by("title")


def sites_of(chain: Chain, user: User) -> QuerySet[Site]:
    return Site.objects.visible_to(user).filter(chain=chain).order_by("state", "label")


def project_name(row: LandedProject) -> str:
    """The project's name, or its lead's code name where that is confidential."""
    lead = row.contract.lead if row.contract else None
    return str(lead) if lead and lead.confidential else row.name
