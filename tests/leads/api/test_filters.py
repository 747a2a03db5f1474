"""Each filter keeps what it asks for and nothing else; what it cannot read it refuses by name."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from chains.models import ChainKind, Outpost
from leads.models import (
    Building,
    Commitment,
    ConstructionPermit,
    Contact,
    Contract,
    Enterprise,
    FollowUp,
    LandedProject,
    Lead,
    Milestone,
    ProgressReport,
    ProjectFlag,
    StageChange,
    StallRule,
)
from tests.api_cast import ClientOf, Program
from tests.cast import RULES_SINCE, Cast
from tests.factories import SegmentFactory, a_uscc, log_a_lead
from tests.leads.api.asking import told

ONE = {
    "stage": "negotiating",
    "investment": Decimal(60000),
    "currency": "CNY",
    "band": "A",
    "waiting_for": "leader",
    "next_action_on": date(2026, 2, 20),
    "last_contact_on": date(2026, 2, 10),
    "last_progress_on": date(2026, 2, 1),
    "created_at": "2026-01-10",
    "updated_at": "2026-02-11",
    "stage_entered_at": "2026-02-05",
}
OTHER = {
    "stage": "lead",
    "investment": Decimal(500),
    "currency": "USD",
    "band": "C",
    "exit": "lost",
    "exit_reason": "contact_lost",
    "exited_on": date(2026, 2, 25),
    "next_action_on": date(2026, 3, 20),
    "last_contact_on": date(2025, 2, 10),
    "last_progress_on": date(2025, 2, 1),
    "created_at": "2025-01-10",
    "updated_at": "2025-02-11",
    "stage_entered_at": "2025-02-05",
}


def moments(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: timezone.make_aware(datetime.fromisoformat(f"{value}T23:30"))
        if isinstance(value, str) and name.endswith("_at")
        else value
        for name, value in values.items()
    }


@pytest.fixture
def leads(cast: Cast) -> dict[str, Lead]:
    """`one` and `other` differ in everything; each has a row of everything."""
    StallRule.objects.create(
        valid_from=RULES_SINCE, yellow_months=2, red_months=3, off_list_months=6
    )
    cast.chain_b.kind = ChainKind.CORE
    cast.chain_b.save()
    made = {
        "one": log_a_lead(
            by=cast.member_a,
            title="one",
            investor="靖江无人机制造有限公司",
            uscc=a_uscc(7),
            source="fund",
            segment=SegmentFactory(code="engines", chain=cast.chain_a),
            outpost=Outpost.objects.create(name="上海", city="上海"),
        ),
        "other": log_a_lead(
            by=cast.member_b,
            title="other",
            investor="苏州新材料有限公司",
            confidential=True,
            code_name="海燕",
            readers=[cast.coordinator],
            segment=SegmentFactory(code="resins", chain=cast.chain_b),
        ),
    }
    for title, values in (("one", ONE), ("other", OTHER)):
        Lead.objects.filter(title=title).update(**moments(values))
        add_rows(made[title], title == "one")
    Enterprise.objects.filter(uscc=a_uscc(7)).update(region_code="321282", is_public=True)
    return made


def add_rows(lead: Lead, one: bool) -> None:
    day = date(2026, 2, 10) if one else date(2025, 2, 10)
    at, by = moments({"x_at": str(day)})["x_at"], lead.owner
    FollowUp.objects.create(
        lead=lead,
        occurred_at=at,
        method="call" if one else "visit_in",
        two_way=one,
        is_progress=one,
        summary="x",
        next_action_on=day,
        logged_by=by,
    )
    StageChange.objects.filter(lead=lead).delete()
    StageChange.objects.create(
        lead=lead,
        kind="advanced" if one else "exited",
        from_stage="screening" if one else "lead",
        to_stage="negotiating" if one else "lead",
        exit="" if one else "lost",
        moved_at=at,
        moved_by=by,
    )
    contract = Contract.objects.create(
        lead=lead,
        number=lead.title,
        kind="investment" if one else "intent",
        signed_on=day,
        counted=one,
        exclusion="" if one else "local_money",
        investment=60000 if one else 500,
        currency="CNY" if one else "USD",
    )
    Commitment.objects.create(
        contract=contract, side="zone" if one else "investor", metric=lead.title, due_on=day
    )
    add_project(contract, one, day)
    Contact.objects.create(
        enterprise=lead.enterprise,
        team=lead.chain.team,
        owner=by,
        name="王经理" if one else "李经理",
    )


def add_project(contract: Contract, one: bool, day: date) -> None:
    lead = contract.lead
    project = LandedProject.objects.create(
        contract=contract,
        name=lead.title,
        chain=lead.chain,
        segment=lead.segment,
        enterprise=lead.enterprise,
        investment=60000 if one else 500,
        currency="CNY" if one else "USD",
        band="A" if one else "C",
        milestone="started" if one else "land",
        is_recognised=one,
        is_lease=one,
    )
    Milestone.objects.create(
        project=project,
        kind="started" if one else "land",
        planned_on=day,
        is_reached=not one,
        actual_on=None if one else day,
        recognised_on=None if one else day,
    )
    add_construction(project, one, day)


def add_construction(project: LandedProject, one: bool, day: date) -> None:
    ConstructionPermit.objects.create(
        project=project, stage="piles" if one else "whole", number="1", issued_on=day
    )
    Building.objects.create(
        project=project,
        name="1",
        area_m2=1,
        is_counted=one,
        accepted_on=day if one else None,
        acceptance_paper="1" if one else "",
    )
    ProgressReport.objects.create(
        project=project,
        month=day.replace(day=1),
        percent=1,
        invested=1,
        reported_by=project.contract.lead.owner,
        reported_at=timezone.now(),
    )
    if one:
        ProjectFlag.objects.create(project=project, kind="above_scale", since_on=day, paper="1")


# Parameters that keep `one` alone; a name in braces is a record of `one`
LEADS: list[dict[str, str]] = [
    *({"chain": "aerospace"}, {"chain_kind": "chain"}, {"segment": "engines"}, {"team": "{team}"}),
    *({"stage": "negotiating"}, {"stage": "negotiating,review"}, {"state": "open"}, {"band": "A"}),
    *({"currency": "CNY"}, {"amount_from": "3.2亿"}, {"amount_from": "1", "amount_to": "6亿元"}),
    *({"owner": "{owner}"}, {"enterprise": "{enterprise}"}, {"source": "fund"}),
    *({"outpost": "{outpost}"}, {"waiting_for": "leader"}, {"confidential": "false"}),
    *({"overdue": "true"}, {"clock": "green"}, {"clock": "green,red"}),
    *({"logged_from": "2026-01-10", "logged_to": "2026-01-10"}, {"logged_from": "2026.1.10"}),
    *({"changed_from": "2026-02-11", "changed_to": "2026-02-11"}, {"entered_from": "20260205"}),
    *({"next_to": "2026-02-20"}, {"contact_from": "2026-02-10"}, {"progress_from": "2026-02-01"}),
    *({"signed_from": "2026-02-10"}, {"signed_from": "2025-01-01", "signed_to": "2026-12-31"}),
    *({"q": "无人"}, {"q": "wrj"}, {"q": "{number}"}, {"q": "靖江 制造"}, {"q": a_uscc(7)}),
]
OTHERS_LEADS: list[dict[str, str]] = [
    *({"state": "lost"}, {"state": "shelved,lost"}, {"exit_reason": "contact_lost"}),
    *({"confidential": "true"}, {"amount_from": "400万美元"}, {"exited_to": "2026-02-25"}),
    *({"currency": "USD", "amount_from": "400"}, {"overdue": "false"}, {"q": "海燕"}),
]
KEPT: dict[str, list[dict[str, str]]] = {
    "leads": LEADS,
    "follow-ups": [
        *({"lead": "{lead}"}, {"chain": "aerospace"}, {"chain_kind": "chain"}, {"team": "{team}"}),
        *({"owner": "{owner}"}, {"logged_by": "{owner}"}, {"method": "call"}, {"two_way": "true"}),
        *({"progress": "true"}, {"occurred_from": "2026-02-10"}, {"next_from": "2026-02-10"}),
    ],
    "stage-changes": [
        *({"lead": "{lead}"}, {"chain": "aerospace"}, {"chain_kind": "chain"}, {"team": "{team}"}),
        *({"kind": "advanced"}, {"from_stage": "screening"}, {"to_stage": "negotiating"}),
        *({"moved_by": "{owner}"}, {"moved_from": "2026-02-10", "moved_to": "2026-02-10"}),
    ],
    "contracts": [
        *({"lead": "{lead}"}, {"enterprise": "{enterprise}"}, {"chain": "aerospace"}),
        *({"chain_kind": "chain"}, {"team": "{team}"}, {"kind": "investment"}),
        *({"counted": "true"}, {"currency": "CNY"}, {"amount_from": "3.2亿"}),
        {"signed_from": "2026-02-10", "signed_to": "2026-02-10"},
    ],
    "commitments": [
        *({"contract": "{contract}"}, {"lead": "{lead}"}, {"chain": "aerospace"}),
        *({"side": "zone"}, {"due_from": "2026-02-10", "due_to": "2026-02-10"}),
    ],
    "landed-projects": [
        *({"lead": "{lead}"}, {"chain": "aerospace"}, {"chain_kind": "chain"}, {"team": "{team}"}),
        *({"segment": "engines"}, {"enterprise": "{enterprise}"}, {"milestone": "started"}),
        *({"band": "A"}, {"currency": "CNY"}, {"amount_from": "3.2亿"}, {"recognised": "true"}),
        *({"lease": "true"}, {"listed": "above_scale,in_statistics"}),
    ],
    "milestones": [
        *({"project": "{project}"}, {"chain": "aerospace"}, {"chain_kind": "chain"}),
        *({"team": "{team}"}, {"kind": "started"}, {"reached": "false"}, {"overdue": "true"}),
        {"planned_from": "2026-02-10"},
    ],
    "construction-permits": [
        *({"project": "{project}"}, {"chain": "aerospace"}, {"chain_kind": "chain"}),
        *({"team": "{team}"}, {"stage": "piles,structure"}, {"issued_from": "2026-02-10"}),
    ],
    "buildings": [
        *({"project": "{project}"}, {"chain": "aerospace"}, {"chain_kind": "chain"}),
        *({"team": "{team}"}, {"counted": "true"}, {"accepted": "true"}),
        {"accepted_from": "2026-02-10"},
    ],
    "progress-reports": [
        *({"project": "{project}"}, {"chain": "aerospace"}, {"chain_kind": "chain"}),
        *({"team": "{team}"}, {"month_from": "2026-02-01", "month_to": "2026-02-01"}),
    ],
    "enterprises": [
        *({"uscc": a_uscc(7).lower()}, {"region": "3212"}, {"public": "true"}),
        *({"q": "无人"}, {"q": "wrjzz"}),
    ],
    "contacts": [
        *({"enterprise": "{enterprise}"}, {"team": "{team}"}, {"owner": "{owner}"}),
        {"name": "王经"},
    ],
}
OTHERS: dict[str, list[dict[str, str]]] = {
    "leads": OTHERS_LEADS,
    "stage-changes": [{"kind": "exited"}, {"exit": "lost"}],
    "contracts": [{"exclusion": "local_money"}, {"counted": "false"}],
    "buildings": [{"accepted": "false"}, {"counted": "false"}],
    "milestones": [{"actual_to": "2025-02-10"}, {"recognised_to": "2025-02-10"}],
}


def filled(parameters: dict[str, str], lead: Lead) -> dict[str, str]:
    words: dict[str, Any] = {
        "lead": lead.pk,
        "number": lead.number,
        "team": lead.chain.team.pk,
        "owner": lead.owner_id,
        "enterprise": lead.enterprise_id,
        "outpost": lead.outpost_id,
        "contract": lead.contracts.get().pk,
        "project": lead.contracts.get().landed_project.pk,
    }
    return {name: text.format(**words) for name, text in parameters.items()}


def lead_of(resource: str, row: dict[str, Any], leads: dict[str, Lead]) -> str:
    """Which of the two a row belongs to."""
    for title, lead in leads.items():
        company = lead.enterprise_id
        places = {
            "leads": row["id"] == lead.pk,
            "enterprises": row["id"] == company,
            "contacts": row.get("enterprise", {}) and row["enterprise"]["id"] == company,
        }
        if "project" in row:
            places[resource] = row["project"]["name"] == title
        if places.get(resource, row.get("lead") and row["lead"]["id"] == lead.pk):
            return title
    raise AssertionError(row)


@pytest.mark.parametrize("resource", KEPT)
def test_filter_keeps_what_it_asks_for_and_nothing_else(
    cast: Cast, client_of: ClientOf, leads: dict[str, Lead], resource: str
) -> None:
    cast.team_b.group.user_set.add(cast.coordinator)  # knows the contacts of both teams
    cast.team_a.group.user_set.add(cast.coordinator)
    program = client_of(cast.coordinator)
    both = {lead_of(resource, row, leads) for row in program.rows(f"/{resource}/")}
    assert both == {"one", "other"}
    wrong = {}
    cases = [("one", case) for case in KEPT[resource]]
    for title, case in cases + [("other", case) for case in OTHERS.get(resource, [])]:
        rows = program.rows(f"/{resource}/", **filled(case, leads["one"]))
        found = {lead_of(resource, row, leads) for row in rows}
        if found != {title}:
            wrong[str(case)] = found
    assert wrong == {}


@pytest.mark.parametrize(
    ("path", "parameters", "field", "code"),
    [
        ("leads", {"stage": "dreaming"}, "stage", "unknown_value"),
        ("leads", {"chain": "atlantis"}, "chain", "unknown_record"),
        ("leads", {"segment": "rivers"}, "segment", "unknown_record"),
        ("leads", {"owner": "99999"}, "owner", "unknown_record"),
        ("leads", {"enterprise": "99999"}, "enterprise", "unknown_record"),
        ("leads", {"overdue": "perhaps"}, "overdue", "flag_invalid"),
        ("leads", {"clock": "blue"}, "clock", "unknown_value"),
        ("leads", {"amount_from": "many"}, "amount_from", "amount_invalid"),
        ("leads", {"amount_from": "-1亿"}, "amount_from", "amount_negative"),
        ("leads", {"logged_from": "2026-02-30"}, "logged_from", "date_invalid"),
        ("leads", {"next_from": "2026年3月"}, "next_from", "date_day_missing"),
        (
            "leads",
            {"amount_from": "1亿元", "amount_to": "2亿美元"},
            "amount_to",
            "amount_currencies",
        ),
        ("leads", {"q": "长" * 101}, "q", "text_invalid"),
        ("leads", {"ordering": "investment"}, "ordering", "unknown_ordering"),
        ("leads", {"title": "one"}, "title", "unknown_parameter"),
        ("follow-ups", {"lead": "x"}, "lead", "unknown_record"),
        ("contracts", {"signed_from": "soon"}, "signed_from", "date_invalid"),
        ("contacts", {"phone": "138"}, "phone", "unknown_parameter"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_parameter(
    program: Program, path: str, parameters: dict[str, str], field: str, code: str
) -> None:
    assert told(program.ask(f"/{path}/", **parameters)) == (400, "invalid", [(field, code)])


def test_hidden_record_in_a_filter_is_an_unknown_one(
    cast: Cast, leads: dict[str, Lead], program: Program
) -> None:
    hidden = leads["other"]
    for parameter, pk in (("enterprise", hidden.enterprise_id), ("team", cast.team_b.pk)):
        refused = program.ask("/leads/", **{parameter: pk})
        unknown = program.ask("/leads/", **{parameter: 999999})
        assert refused.json() == {
            **unknown.json(),
            "errors": [
                {**error, "message": error["message"].replace("999999", str(pk))}
                for error in unknown.json()["errors"]
            ],
        }


@pytest.mark.parametrize("ordering", ["id", "created_at", "updated_at", "next_action_on"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_of_every_ordering_hold_each_lead_once(
    cast: Cast, program: Program, ordering: str, sign: str
) -> None:
    pks = [log_a_lead(by=cast.member_a).pk for _number in range(7)]
    Lead.objects.filter(pk__in=pks[:3]).update(next_action_on=None)
    Lead.objects.filter(pk__in=pks[3:5]).update(next_action_on=date(2026, 5, 5))
    rows = program.whole("/leads/", ordering=f"{sign}{ordering}", page_size=2)
    assert sorted(row["id"] for row in rows) == pks
    values = [row[ordering] for row in rows if row[ordering] is not None]
    assert values == sorted(values, reverse=bool(sign))
    if ordering == "next_action_on":
        assert [row[ordering] for row in rows[-3:]] == [None] * 3
