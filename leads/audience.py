"""Who sees what the leads' app publishes, in keys: see `kfq_crm.base.feed.registry`.

A lead's audience says in keys what `LeadQuerySet.visible_to` says in conditions: those of its
teams and who sees all, and of a confidential lead those among them who may read every one, who
own it or head its team; and its readers. All that is seen with the lead has its audience.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Model, Value

from chains.audience import ALL, chain_key, scope_keys, team_key
from chains.visibility import own_teams
from kfq_crm.base.feed import EVERYONE, EVERYTHING
from leads.models import (
    Building,
    Commitment,
    ConstructionPermit,
    Contract,
    Enterprise,
    FollowUp,
    LandedProject,
    Lead,
    LookBack,
    Milestone,
    ProgressReport,
    Rectification,
    StageChange,
)
from leads.models.lead import READ_CONFIDENTIAL

if TYPE_CHECKING:
    from kfq_crm.base.feed.registry import Audience, Reach
    from kfq_crm.base.models import User

Audiences = Mapping[int, "Audience"]
Rows = Iterable[tuple[type[Model], Collection[int]]]


# Of a lead, the columns that decide who sees it, and its company
DECIDING = frozenset(
    {"chain_id", "first_talk_team_id", "owner_id", "confidential", "enterprise_id"}
)
_LEAD = ("chain", "first_talk_team", "owner", "confidential")


# --- Keys of readers --------------------------------------------------------------------------


def reader_keys(user: User) -> Iterator[str]:
    """As `LeadQuerySet.visible_to`: who may read every confidential lead of his or her scope is
    shown that scope, and needs no list of readers."""
    scope = set(scope_keys(user))
    yield from (_owner(user.pk, key) for key in scope)
    for chain in own_teams(user).filter(head=user).values_list("chain", flat=True):
        yield _head(chain)
    if user.has_perm(READ_CONFIDENTIAL):
        yield from map(_secret, scope)
        if ALL in scope:
            yield EVERYTHING
    else:
        yield _user(user.pk)


def _user(pk: int) -> str:
    return f"user:{pk}"


def _owner(pk: int, scope: str) -> str:
    return f"owner:{pk}&{scope}"


def _head(chain: int) -> str:
    return f"head:{chain}"


def _secret(scope: str) -> str:
    return f"secret&{scope}"


# --- Audiences --------------------------------------------------------------------------------


def lead_audiences(pks: Collection[int]) -> Audiences:
    rows = Lead.objects.filter(pk__in=pks).values_list("pk", *_LEAD)
    return _audiences_of({pk: of for pk, *of in rows})


def _audiences_of(leads: Mapping[int, Iterable[Any]]) -> Audiences:
    """Audiences of leads whose columns are known."""
    named = _named(leads) if leads else {}
    return {pk: frozenset(_of_lead(named.get(pk, ()), *of)) for pk, of in leads.items()}


def _named(leads: Collection[int]) -> Mapping[int, list[tuple[str, int]]]:
    """Secondary chains and readers of the leads, in one statement."""
    chains, readers = Lead.secondary_chains.through, Lead.readers.through
    rows = (
        chains.objects.filter(lead__in=leads)
        .values_list("lead_id", Value("chain"), "chain_id")
        .union(
            readers.objects.filter(lead__in=leads).values_list(
                "lead_id", Value("reader"), "user_id"
            ),
            all=True,
        )
    )
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for lead, kind, pk in rows:
        found[lead].append((kind, pk))
    return found


def _of_lead(
    named: Iterable[tuple[str, int]],
    chain: int,
    first_talk_team: int | None,
    owner: int,
    confidential: bool,
) -> Iterator[str]:
    scope = {ALL, chain_key(chain), *(chain_key(pk) for kind, pk in named if kind == "chain")}
    if first_talk_team:
        scope.add(team_key(first_talk_team))
    yield from (_user(pk) for kind, pk in named if kind == "reader")
    if not confidential:
        yield from scope
        return
    yield _head(chain)
    for key in scope:
        yield _secret(key)
        yield _owner(owner, key)


def through_lead(model: type[Model], path: str) -> Callable[[Collection[int]], Audiences]:
    """Audiences of rows that are seen exactly when their lead is."""

    def audiences(pks: Collection[int]) -> Audiences:
        rows = model._default_manager.filter(pk__in=pks).values_list("pk", path)
        leads = dict(rows)
        known = lead_audiences(set(leads.values()))
        return {pk: known[lead] for pk, lead in leads.items()}

    return audiences


def project_audiences(pks: Collection[int]) -> Audiences:
    rows = LandedProject.objects.filter(pk__in=pks).values_list("pk", "contract__lead", "chain")
    known = lead_audiences({lead for _pk, lead, _chain in rows if lead})
    return {pk: known[lead] if lead else _of_report(chain) for pk, lead, chain in rows}


def _of_report(chain: int | None) -> Audience:
    """A project that the published report names has no lead."""
    return frozenset({ALL, chain_key(chain)} if chain else {ALL})


def through_project(model: type[Model]) -> Callable[[Collection[int]], Audiences]:
    """Audiences of rows that are seen exactly when their project is."""

    def audiences(pks: Collection[int]) -> Audiences:
        rows = model._default_manager.filter(pk__in=pks).values_list("pk", "project")
        projects = dict(rows)
        known = project_audiences(set(projects.values()))
        return {pk: known[project] for pk, project in projects.items()}

    return audiences


def enterprise_audiences(pks: Collection[int]) -> Audiences:
    return {
        company.pk: frozenset(_of_enterprise(company, leads)) for company, leads in _companies(pks)
    }


class Company(NamedTuple):
    """Of an enterprise, what decides who sees it."""

    pk: int
    is_public: bool
    team: int | None
    chain: int | None


class Behind(NamedTuple):
    """A lead behind an enterprise."""

    pk: int
    chain: int
    audience: frozenset[str]


def _companies(pks: Collection[int]) -> Iterator[tuple[Company, list[Behind]]]:
    rows = Lead.objects.filter(enterprise__in=pks).values_list("pk", "enterprise", *_LEAD)
    found = {pk: (enterprise, of) for pk, enterprise, *of in rows}
    known = _audiences_of({pk: of for pk, (_enterprise, of) in found.items()})
    leads: dict[int, list[Behind]] = defaultdict(list)
    for pk, (enterprise, of) in found.items():
        leads[enterprise].append(Behind(pk, of[0], known[pk]))
    columns = ("pk", "is_public", "registered_by", "registered_by__chain")
    for row in Enterprise.objects.filter(pk__in=pks).values_list(*columns):
        yield Company(*row), leads[row[0]]


def _of_enterprise(company: Company, leads: Collection[Behind]) -> Iterator[str]:
    """As `EnterpriseQuerySet.visible_to`: public, behind a lead, or registered and untouched."""
    if company.is_public:
        yield EVERYONE
    for lead in leads:
        yield from lead.audience
    chains = {lead.chain for lead in leads}
    if company.chain not in chains if company.team else not leads:
        yield ALL
        if company.team:
            yield team_key(company.team)


# --- What hangs on what -----------------------------------------------------------------------


def on_leads(leads: Collection[int]) -> Rows:
    yield Enterprise, _keys(Enterprise, leads__in=leads)
    yield FollowUp, _keys(FollowUp, lead__in=leads)
    yield StageChange, _keys(StageChange, lead__in=leads)
    for further in _HANGING_ON_LEADS:
        yield from further(leads)
    contracts = _keys(Contract, lead__in=leads)
    yield Contract, contracts
    if contracts:
        yield from on_contracts(contracts)


def on_contracts(contracts: Collection[int]) -> Rows:
    commitments = _keys(Commitment, contract__in=contracts)
    yield Commitment, commitments
    yield from on_commitments(commitments)
    yield LookBack, _keys(LookBack, contract__in=contracts)
    projects = _keys(LandedProject, contract__in=contracts)
    yield LandedProject, projects
    yield from on_projects(projects)


def on_commitments(commitments: Collection[int]) -> Rows:
    yield Rectification, _keys(Rectification, commitment__in=commitments)


def on_projects(projects: Collection[int]) -> Rows:
    for model in (Milestone, ConstructionPermit, Building, ProgressReport):
        yield model, _keys(model, project__in=projects)
    for further in _HANGING:
        yield from further(projects)


_HANGING: list[Callable[[Collection[int]], Rows]] = []
_HANGING_ON_LEADS: list[Callable[[Collection[int]], Rows]] = []


def hangs_on_projects(further: Callable[[Collection[int]], Rows]) -> None:
    """Register what another app's published rows hang on landed projects."""
    _HANGING.append(further)


def hangs_on_leads(further: Callable[[Collection[int]], Rows]) -> None:
    """The same for leads."""
    _HANGING_ON_LEADS.append(further)


def companies_of(leads: Collection[Lead]) -> Rows:
    """A company that is known only through leads is seen with them."""
    yield Enterprise, {lead.enterprise_id for lead in leads if lead.enterprise_id}


def companies_gained(leads: Collection[Lead]) -> tuple[Reach, Reach]:
    """Who saw the companies of these new leads before, and who does now; nobody can have seen a
    company that came with its lead."""
    leads = [lead for lead in leads if not lead.company_is_new]
    if not leads:
        return {}, {}
    new = {lead.pk for lead in leads}
    before: Reach = {}
    after: Reach = {}
    for company, behind in _companies({lead.enterprise_id for lead in leads}):
        place = "enterprises", company.pk
        others = [lead for lead in behind if lead.pk not in new]
        before[place] = frozenset(_of_enterprise(company, others))
        after[place] = frozenset(_of_enterprise(company, behind))
    return before, after


def owner_matters(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whose lead it is decides who sees it only while the lead is confidential."""
    if before["confidential"] or after["confidential"]:
        return True
    return any(before[name] != after[name] for name in before if name != "owner_id")


def _keys(model: type[Model], **conditions: Any) -> set[int]:
    return set(model._default_manager.filter(**conditions).values_list("pk", flat=True))
