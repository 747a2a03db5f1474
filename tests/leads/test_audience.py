"""What the feed remembers of who saw a row says exactly what `visible_to` said.

The two are written apart, one in conditions and one in keys, and must not drift.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chains.models import AnnualTarget, Metric, Scope
from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base import feed
from kfq_crm.base.feed.reach import audiences_of
from kfq_crm.base.models import User
from leads.actions.contracts import add_commitment
from leads.actions.landing import open_project
from leads.models import Enterprise, LandedProject, Lead
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import UserFactory, counted_contract, follow_up, lead_in, log_a_lead

PEOPLE = (
    *("member_a", "second_member_a", "head_a", "member_b", "head_b", "coordinator"),
    *("chain_leader_a", "outsider", "disabled", "administrator"),
    *("superuser", "office_reader", "member_reader"),
)
CHAINS = ("chain_a", "chain_b")
TAXONOMY = ("chains", "segments", "teams", "annual-targets")


@dataclass
class Scene:
    """People, and leads whose circumstances each example sets anew."""

    cast: Cast
    people: dict[str, User]
    leads: list[Lead]
    readers: dict[str, feed.Reader]


@pytest.fixture
def world(cast: Cast) -> Scene:
    lead = lead_in(Stage.SIGNED, by=cast.head_a)
    contract = counted_contract(lead)
    add_commitment(contract=contract, values={"side": "zone", "metric": "用地"}, by=cast.head_a)
    open_project(contract=contract, by=cast.head_a)
    follow_up(lead, by=cast.head_a)
    other = log_a_lead(by=cast.member_b)
    Lead.objects.filter(pk=other.pk).update(enterprise=lead.enterprise)
    LandedProject.objects.create(name="报告中的项目", source="报告", chain=cast.chain_b)
    _targets(cast)
    people = _people(cast)
    readers = {name: feed.reader_of(person) for name, person in people.items()}
    return Scene(cast, people, [lead, other], readers)


def _people(cast: Cast) -> dict[str, User]:
    people = dict(cast.people())
    people["superuser"] = UserFactory(username="superuser", is_superuser=True)
    people["administrator"] = UserFactory(username="administrator")
    people["administrator"].groups.add(role_group(ADMINISTRATION))
    may_read = Permission.objects.get(codename="read_confidential_leads")
    for name, like in (("office_reader", "coordinator"), ("member_reader", "member_a")):
        people[name] = UserFactory(username=name)
        people[name].groups.set(people[like].groups.all())
        people[name].user_permissions.add(may_read)
    return {name: User.objects.get(pk=person.pk) for name, person in people.items()}


def _targets(cast: Cast) -> None:
    metric = Metric.objects.create(code="signings", name="签约")
    for scope in (
        {"scope": Scope.ZONE},
        {"scope": Scope.CHAIN, "chain": cast.chain_a},
        {"scope": Scope.TEAM, "team": cast.team_b},
    ):
        AnnualTarget.objects.create(year=2026, metric=metric, value=1, **scope)


circumstances = st.fixed_dictionaries(
    {
        "chain": st.sampled_from(CHAINS),
        "secondary": st.sets(st.sampled_from(CHAINS)),
        "first_talk_team": st.sampled_from([None, "team_a", "team_b"]),
        "owner": st.sampled_from(PEOPLE),
        "confidential": st.booleans(),
        "readers": st.sets(st.sampled_from(PEOPLE), max_size=3),
        "company": st.booleans(),
    }
)
companies = st.fixed_dictionaries(
    {"is_public": st.booleans(), "registered_by": st.sampled_from([None, "team_a", "team_b"])}
)


def arrange(world: Scene, leads: list[dict[str, Any]], company: dict[str, Any]) -> None:
    cast = world.cast
    shared, own = Enterprise.objects.order_by("pk")[:2]
    team = company["registered_by"] and getattr(cast, company["registered_by"])
    _put(Enterprise, shared.pk, is_public=company["is_public"], registered_by=team)
    for lead, given_ in zip(world.leads, leads, strict=True):
        talked = given_["first_talk_team"]
        _put(
            Lead,
            lead.pk,
            enterprise=shared if given_["company"] else own,
            chain=getattr(cast, given_["chain"]),
            first_talk_team=talked and getattr(cast, talked),
            owner=world.people[given_["owner"]],
            confidential=given_["confidential"],
            code_name="代号",
        )
        chains, readers = Lead.secondary_chains.through, Lead.readers.through
        chains.objects.filter(lead=lead).delete()
        chains.objects.bulk_create(
            chains(lead=lead, chain=getattr(cast, name)) for name in given_["secondary"]
        )
        readers.objects.filter(lead=lead).delete()
        readers.objects.bulk_create(
            readers(lead=lead, user=world.people[name]) for name in given_["readers"]
        )


def _put(model: Any, pk: int, **values: Any) -> None:
    """Past the feed, which would work out who gains and loses: that is not asked here."""
    QuerySet.update(model.objects.filter(pk=pk), **values)


def disagreements(world: Scene, skip: Collection[str] = ()) -> list[tuple[str, str, int]]:
    wrong = []
    for resource, kind in feed.PUBLISHED.items():
        if resource in skip:
            continue
        rows: Any = kind.model._default_manager
        told = audiences_of(kind, list(rows.values_list("pk", flat=True)))
        for name, reader in world.readers.items():
            sees = set(rows.visible_to(reader.user).values_list("pk", flat=True))
            saw = {pk for (_resource, pk), audience in told.items() if reader.saw(audience)}
            wrong += [(resource, name, pk) for pk in sorted(sees ^ saw)]
    return wrong


@pytest.mark.django_db
def test_keys_to_the_taxonomy_say_what_conditions_say(world: Scene) -> None:
    assert disagreements(world) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.django_db
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.tuples(circumstances, circumstances), companies)
def test_keys_say_what_conditions_say(
    world: Scene, leads: tuple[dict[str, Any], dict[str, Any]], company: dict[str, Any]
) -> None:
    with transaction.atomic():
        arrange(world, list(leads), company)
        assert disagreements(world, skip=TAXONOMY) == []
        transaction.set_rollback(True)
