"""What a program reads is the same, byte for byte, whether another team has secrets or not."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from kfq_crm.base.names import company_key
from leads.actions.contracts import add_commitment
from leads.actions.landing import open_project
from leads.actions.search import set_enterprise_search
from leads.models import (
    Commitment,
    Contact,
    Contract,
    Enterprise,
    FollowUp,
    LandedProject,
    Lead,
    Milestone,
    StageChange,
)
from leads.stages import Stage
from tests.api_cast import BASE, ClientOf, Program
from tests.cast import Cast
from tests.factories import SegmentFactory, a_contact, counted_contract, follow_up, lead_in
from tests.leads.api.test_reading import RESOURCES

CANARY = "金丝雀"
SECRETS = 1000
# Searches and ranges that would meet the secrets, beside the plain list
QUESTIONS: dict[str, list[dict[str, str]]] = {
    "leads": [
        {"q": CANARY},
        {"q": "jsq"},
        {"q": "XS000500"},
        {"confidential": "true"},
        {"chain": "new-materials"},
        {"segment": "canaries"},
        {"amount_from": "1亿元"},
        {"ordering": "-updated_at"},
        {"ordering": "next_action_on", "page_size": "2"},
        {"signed_from": "2026-01-01"},
    ],
    "enterprises": [{"q": CANARY}, {"q": "jsq"}, {"public": "true"}],
    "contacts": [{"name": CANARY}],
    "contracts": [{"ordering": "-signed_on"}, {"chain": "new-materials"}],
    "follow-ups": [{"ordering": "-occurred_at"}, {"chain": "new-materials"}],
    "stage-changes": [{"ordering": "-moved_at"}],
}


@pytest.fixture
def own(cast: Cast) -> list[Lead]:
    """Leads of team A with a row of everything; one is shared with the other team's chain."""
    SegmentFactory(code="canaries", chain=cast.chain_b)
    signed = lead_in(Stage.SIGNED, by=cast.member_a, secondary_chains=[cast.chain_b])
    a_contact(signed, by=cast.member_a, team=cast.team_a)
    contract = counted_contract(signed)
    add_commitment(contract=contract, values={"side": "zone", "metric": "修路"}, by=cast.member_a)
    open_project(contract=contract, by=cast.head_a, is_lease=True, landing_park="北园")
    talked = lead_in(Stage.NEGOTIATING, by=cast.member_a)
    follow_up(talked, by=cast.member_a)
    return [signed, talked, lead_in(Stage.LEAD, by=cast.second_member_a)]


def answers(program: Program) -> dict[str, bytes]:
    """Every list, narrowed and ordered in many ways, and every record in it."""
    found = {}
    for resource in RESOURCES:
        for asked in [{}, {"format": "csv"}, *QUESTIONS.get(resource, [])]:
            answer = program.ask(f"/{resource}/", **asked)
            found[f"{resource} {asked}"] = answer.content
            if asked or answer.status_code != 200:
                continue
            for row in answer.json()["results"]:
                path = f"/{resource}/{row['id']}/"
                found[path] = program.ask(path).content
    return found


@transaction.atomic
def add_secrets(cast: Cast) -> list[Lead]:
    """Confidential leads of team B with a row of everything, told by the canary alone."""
    by, now, day = cast.member_b, timezone.now(), date(2026, 2, 27)
    companies = [_company(number, cast) for number in range(SECRETS)]
    Enterprise.objects.bulk_create(companies)
    leads = [_lead(company, number, cast) for number, company in enumerate(companies)]
    Lead.objects.bulk_create(leads)
    Contact.objects.bulk_create(
        Contact(enterprise=c, team=cast.team_b, owner=by, name=CANARY, phone="13900000000")
        for c in companies
    )
    FollowUp.objects.bulk_create(
        FollowUp(lead=lead, occurred_at=now, method="call", summary=CANARY, logged_by=by)
        for lead in leads
    )
    StageChange.objects.bulk_create(
        StageChange(lead=lead, kind="logged", to_stage="lead", moved_at=now, moved_by=by)
        for lead in leads
    )
    contracts = [
        Contract(
            lead=lead,
            number=f"{CANARY}{lead.pk}",
            kind="investment",
            signed_on=day,
            investment=Decimal(90000),
            counted=True,
        )
        for lead in leads
    ]
    Contract.objects.bulk_create(contracts)
    Commitment.objects.bulk_create(
        Commitment(contract=contract, side="zone", metric=CANARY) for contract in contracts
    )
    projects = [
        LandedProject(contract=contract, name=CANARY, chain=cast.chain_b, enterprise=company)
        for contract, company in zip(contracts, companies, strict=True)
    ]
    LandedProject.objects.bulk_create(projects)
    Milestone.objects.bulk_create(Milestone(project=p, kind="land") for p in projects)
    return leads


def _company(number: int, cast: Cast) -> Enterprise:
    name = f"{CANARY}第{number}公司"
    company = Enterprise(name=name, name_key=company_key(name), registered_by=cast.team_b)
    set_enterprise_search(company)
    return company


def _lead(company: Enterprise, number: int, cast: Cast) -> Lead:
    lead = Lead(
        title=f"{CANARY}项目{number}",
        enterprise=company,
        chain=cast.chain_b,
        owner=cast.member_b,
        logged_by=cast.member_b,
        first_talk_team=cast.team_b,
        source="visit",
        confidential=True,
        code_name=f"{CANARY}{number}",
        investment=Decimal(90000),
        next_action_on=date(2026, 2, 27),
    )
    lead.set_search(lead.title, company.name)
    return lead


@pytest.mark.timeout(600)
def test_answers_are_the_same_with_and_without_another_teams_secrets(
    cast: Cast, own: list[Lead], client_of: ClientOf, mayors_office: Program
) -> None:
    programs = {
        "member_a": client_of(cast.member_a),
        "head_a": client_of(cast.head_a),
        "chain_leader_a": client_of(cast.chain_leader_a),
        "mayors_office": mayors_office,
    }
    before = {who: answers(program) for who, program in programs.items()}
    assert len(before["member_a"]) > 50
    hidden = add_secrets(cast)
    for who, program in programs.items():
        after = answers(program)
        assert after.keys() == before[who].keys()
        assert [path for path in after if after[path] != before[who][path]] == [], who
    for program in programs.values():
        _asks_for_the_hidden(program, hidden[0])


def _asks_for_the_hidden(program: Program, lead: Lead) -> None:
    """A hidden record and one that never was are one and the same."""
    contract = lead.contracts.get()
    pks: dict[str, Any] = {
        "leads": lead.pk,
        "enterprises": lead.enterprise_id,
        "contracts": contract.pk,
        "landed-projects": contract.landed_project.pk,
        "follow-ups": lead.follow_ups.get().pk,
        "stage-changes": lead.stage_changes.get().pk,
    }
    for resource, pk in pks.items():
        hidden, never = (program.get(f"{BASE}/{resource}/{key}/") for key in (pk, 10**9 + pk))
        assert hidden.status_code == never.status_code == 404
        assert {**hidden.json(), "instance": ""} == {**never.json(), "instance": ""}
    refused = program.ask("/follow-ups/", lead=lead.pk)
    assert refused.status_code == 400
    assert CANARY not in refused.content.decode()
