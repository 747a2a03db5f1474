"""A thousand confidential leads of chain B change nothing in what a chain-A token is answered."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from kfq_crm.base.models import Change, User
from leads.models import Contract, Enterprise, FollowUp, Lead, StageChange
from leads.stages import Stage
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.factories import follow_up, lead_in, log_a_lead

CANARY = "金丝雀"
LEADS = 1000
NOW = "2026-03-02T10:00:00+08:00"
# What is asked beside every list: figures, filters that could count hidden rows, orderings
QUESTIONS = (
    "/leads/?q=金丝雀",
    "/leads/?ordering=-updated_at&page_size=1000",
    "/leads/?chain=new-materials",
    "/enterprises/?q=金丝雀",
    "/follow-ups/?chain=new-materials",
    "/overview/",
    "/overview/?by=chain",
    "/overview/?by=month",
    "/changes/",
)


@pytest.fixture(autouse=True)
def frozen() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def secret_leads(cast: Cast) -> None:
    """With companies, talks, moves and contracts, each under the canary's name."""
    companies = Enterprise.objects.bulk_create(
        Enterprise(name=f"{CANARY}{n}公司", name_key=f"{CANARY}{n}", registered_by=cast.team_b)
        for n in range(LEADS)
    )
    leads = Lead.objects.bulk_create(
        Lead(
            title=f"{CANARY}{n}",
            enterprise=company,
            chain=cast.chain_b,
            first_talk_team=cast.team_b,
            owner=cast.member_b,
            logged_by=cast.member_b,
            source="visit",
            stage=Stage.SIGNED,
            investment=60000,
            band="A",
            confidential=True,
            code_name=f"{CANARY}{n}",
        )
        for n, company in enumerate(companies)
    )
    FollowUp.objects.bulk_create(
        FollowUp(lead=lead, method="call", summary=CANARY, logged_by=lead.owner, occurred_at=NOW)
        for lead in leads
    )
    StageChange.objects.bulk_create(
        StageChange(lead=lead, kind="logged", to_stage="lead", moved_at=NOW, moved_by=lead.owner)
        for lead in leads
    )
    Contract.objects.bulk_create(
        Contract(
            lead=lead,
            number=f"{CANARY}{lead.pk}",
            kind="investment",
            signed_on="2026-03-01",
            our_party=CANARY,
            their_party=CANARY,
            investment=60000,
            counted=True,
        )
        for lead in leads
    )
    Lead.objects.filter(confidential=True, chain=cast.chain_b).update(fund=CANARY)


def answers(program: Program, cursor: str) -> dict[str, Any]:
    """Everything that the token may ask for, byte by byte."""
    lists = {
        f"/{name}/?page_size=1000": None
        for name in program.ask("/").json()
        if name not in ("changes", "overview")
    }
    asked = [*lists, *QUESTIONS, f"/changes/?after={cursor}&limit=1000"]
    found = {path: program.get(f"/api/v1{path}") for path in asked}
    return {path: (answer.status_code, answer.content) for path, answer in found.items()}


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["member_a", "head_a", "chain_leader_a"])
def test_answers_are_the_same_with_and_without_them(
    cast: Cast, client_of: ClientOf, name: str
) -> None:
    person: User = getattr(cast, name)
    program = client_of(person)
    lead_in(Stage.NEGOTIATING, by=cast.member_a)
    cursor = program.ask("/changes/").json()["as_of"]
    lead = log_a_lead(by=cast.member_a)
    log_a_lead(by=cast.head_a, confidential=True, code_name="甲")
    follow_up(lead, by=cast.member_a)
    before = answers(program, cursor)
    refused = {path: body for path, (status, body) in before.items() if status != 200}
    assert refused == {}
    secret_leads(cast)
    assert Change.objects.filter(resource="leads").count() > 2 * LEADS
    after = answers(program, cursor)
    assert [path for path in before if before[path] != after[path]] == []
    assert CANARY.encode() not in b"".join(body for _status, body in after.values())
