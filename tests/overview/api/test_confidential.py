"""Confidential leads in the overview: counted in totals, placed only where several stand together,
and for a team that may not know of them as if they did not exist."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from kfq_crm.base.models import User
from leads.actions.pipeline import exit_lead, update_lead
from leads.models import Contract, DisclosureRule, LandedProject, Lead, Milestone, StageChange
from leads.stages import Exit, LossReason
from tests.api_cast import ClientOf, Program
from tests.cast import RULES_SINCE, Cast
from tests.factories import log_a_lead
from tests.overview.api.test_overview import told
from tests.overview.spring import TODAY, Spring, clock

pytestmark = pytest.mark.django_db
SECRET = {"confidential": True, "code_name": "代号"}
QUESTIONS = [
    {},
    {"by": "chain"},
    {"by": "team"},
    {"by": "outpost"},
    {"by": "month"},
    {"chain": "aerospace"},
    {"chain": "new-materials"},
    {"as_of": "2026-03-18", "by": "chain"},
]


def hide(by: User, amount: int | None = None, currency: str = "CNY", **values: Any) -> Lead:
    values = {"investment": amount and Decimal(amount), "currency": currency, **values}
    with clock("2026-03-18 10:00"):
        return log_a_lead(by=by, **SECRET, **values)


def cells(document: Any, name: str, measure: str = "leads") -> dict[Any, Any]:
    """Groups of a figure with their total under ""."""
    figure = document["figures"][name]
    rows = {
        "other" if row["kind"] == "other" else row["key"]: row[measure]
        for row in figure.get("groups", ())
    }
    return {"": figure["total"][measure], **rows}


def stages(cell: Any) -> dict[str, int]:
    return {row["stage"]: row["leads"] for row in cell["stages"] if row["leads"]}


# --- What is merged ---------------------------------------------------------------------------


def test_one_confidential_lead_changes_no_answer(spring: Spring, coordinator: Program) -> None:
    """Neither its number nor its amount, whatever is asked."""
    before = [told(coordinator, **asked) for asked in QUESTIONS]
    hide(spring.cast.member_a, 123)
    assert [told(coordinator, **asked) for asked in QUESTIONS] == before


def test_two_of_one_chain_are_told_there(spring: Spring, coordinator: Program) -> None:
    hide(spring.cast.member_a, 100)
    hide(spring.cast.member_a, 23)
    document = told(coordinator)
    assert cells(document, "funnel") == {"": 7, "aerospace": 5, "new-materials": 2}
    amounts = cells(document, "funnel", "amounts")
    assert amounts[""]["CNY"] == "80123.0000"
    assert amounts["aerospace"]["CNY"] == "60123.0000"


def test_one_in_each_of_two_chains_are_told_in_total_only(
    spring: Spring, coordinator: Program
) -> None:
    hide(spring.cast.member_a, 100)
    hide(spring.cast.member_b, 23)
    document = told(coordinator)
    expected = {"": 7, "aerospace": 3, "new-materials": 2, "other": 2}
    assert cells(document, "funnel") == expected
    amounts = cells(document, "funnel", "amounts")
    assert (amounts[""]["CNY"], amounts["other"]["CNY"]) == ("80123.0000", "123.0000")
    assert cells(told(coordinator, by="month"), "funnel")["other"] == 2


def test_the_second_chain_goes_with_the_single_one(spring: Spring, coordinator: Program) -> None:
    """Or the total without the visible rows would give the single one away."""
    for _lead in range(2):
        hide(spring.cast.member_a, 100)
    hide(spring.cast.member_b, 23)
    document = told(coordinator)
    expected = {"": 8, "aerospace": 3, "new-materials": 2, "other": 3}
    assert cells(document, "funnel") == expected


def test_amount_of_a_single_currency_is_left_out(spring: Spring, coordinator: Program) -> None:
    """Two leads are counted; the one amount in dollars and the one in yuan are nobody's sum."""
    hide(spring.cast.member_a, 100)
    hide(spring.cast.member_a, 23, "USD")
    document = told(coordinator)
    assert cells(document, "funnel")["aerospace"] == 5
    total = document["figures"]["funnel"]["total"]["amounts"]
    assert total == {"CNY": "80000.0000", "USD": "2000.0000"}


def test_stage_of_a_single_one_is_not_told(spring: Spring, coordinator: Program) -> None:
    leads = [hide(spring.cast.member_a) for _n in range(4)]
    _put(leads[0], "screening")
    funnel = told(coordinator)["figures"]["funnel"]
    chain = next(row for row in funnel["groups"] if row["key"] == "aerospace")
    assert stages(chain) == {"lead": 1, "screening": 1, "signed": 1, "other": 4}
    assert stages(funnel["total"]) == {"lead": 3, "screening": 1, "signed": 1, "other": 4}
    _put(leads[1], "screening")
    funnel = told(coordinator)["figures"]["funnel"]
    chain = next(row for row in funnel["groups"] if row["key"] == "aerospace")
    assert stages(chain) == {"lead": 3, "screening": 3, "signed": 1}


def test_band_and_reason_of_confidential_leads_are_never_told(
    spring: Spring, coordinator: Program
) -> None:
    for _n in range(3):
        hide(spring.cast.member_a, 60000)
        lead = hide(spring.cast.member_a)
        with clock("2026-03-18 11:00"):
            exit_lead(
                lead=lead, exit=Exit.LOST, reason=LossReason.CONTACT_LOST, by=spring.cast.member_a
            )
    found = told(coordinator)["figures"]
    bands = {row["band"]: row["leads"] for row in found["bands"]["total"]["bands"]}
    assert (bands["A"], bands["other"], found["bands"]["total"]["leads"]) == (1, 3, 8)
    reasons = {row["reason"]: row["leads"] for row in found["lost"]["total"]["reasons"]}
    assert (reasons["contact_lost"], reasons["other"]) == (0, 3)


def test_one_chain_is_told_as_in_the_whole(spring: Spring, coordinator: Program) -> None:
    """The hidden ones are parted over the whole zone, so that asking again tells no more."""
    for _n in range(2):
        hide(spring.cast.member_a)
    hide(spring.cast.member_b)
    assert cells(told(coordinator, chain="aerospace"), "funnel")[""] == 3
    hide(spring.cast.member_b)
    assert cells(told(coordinator, chain="aerospace"), "funnel")[""] == 5
    assert cells(told(coordinator, chain="new-materials"), "funnel")[""] == 4


def test_fewest_is_a_rule(spring: Spring, coordinator: Program) -> None:
    for _n in range(3):
        hide(spring.cast.member_a)
    assert cells(told(coordinator), "funnel")["aerospace"] == 6
    DisclosureRule.objects.create(valid_from=RULES_SINCE, fewest=4)
    document = told(coordinator)
    assert cells(document, "funnel") == {"": 5, "aerospace": 3, "new-materials": 2}
    assert document["confidential"]["fewest"] == 4


def test_words_about_confidential_leads_do_not_say_whether_there_are_any(
    spring: Spring, coordinator: Program
) -> None:
    before = told(coordinator)["confidential"]
    for by in (spring.cast.member_a, spring.cast.member_b, spring.cast.member_b):
        hide(by)
    assert told(coordinator)["confidential"] == before
    assert before["treatment"] == "merged"


def test_whoever_may_read_them_is_told_all(
    spring: Spring, coordinator: Program, mayors_office_then: Program
) -> None:
    """A reader of the lead, beside one who only counts."""
    lead = hide(spring.cast.member_a, readers=[spring.cast.coordinator])
    assert cells(told(coordinator), "funnel")["aerospace"] == 4
    assert cells(told(mayors_office_then), "funnel")["aerospace"] == 3
    with clock(TODAY):
        update_lead(lead=lead, values={"readers": []}, by=spring.cast.member_a, expected=None)
    assert cells(told(coordinator), "funnel")["aerospace"] == 3


def test_past_day_hides_what_is_hidden_now(spring: Spring, coordinator: Program) -> None:
    """B1 was open to all on 12 March; now it is confidential, and alone."""
    asked = {"as_of": "2026-03-12", "by": "chain"}
    assert cells(told(coordinator, **asked), "funnel")["new-materials"] == 2
    with clock(TODAY):
        lead = Lead.objects.get(title="B1")
        update_lead(lead=lead, values=SECRET, by=spring.cast.member_b, expected=None)
    assert cells(told(coordinator, **asked), "funnel")["new-materials"] == 1


# --- Non-interference -------------------------------------------------------------------------


def _put(lead: Lead, stage: str) -> None:
    """Moved without the papers of its gate."""
    with clock("2026-03-18 12:00"):
        Lead.objects.filter(pk=lead.pk).update(stage=stage, updated_at=timezone.now())


def _thousand(cast: Cast) -> None:
    """Confidential leads of chain B in every stage, signed, built, lost, late; with canaries."""
    with clock("2026-03-18 10:00") as now:
        first = log_a_lead(by=cast.member_b, title="canary", **SECRET)
    leads = Lead.objects.bulk_create(_canaries(first, now))
    StageChange.objects.bulk_create(
        StageChange(
            lead=lead,
            kind="advanced",
            from_stage="lead",
            to_stage="screening",
            moved_at=now,
            moved_by=lead.owner,
            time_in_stage=timedelta(days=400),
        )
        for lead in leads
    )
    contracts = Contract.objects.bulk_create(
        Contract(
            lead=lead,
            number=f"canary {place}",
            kind="investment",
            signed_on=now.date(),
            investment=Decimal(777),
            counted=True,
        )
        for place, lead in enumerate(leads[:300])
    )
    projects = LandedProject.objects.bulk_create(
        LandedProject(contract=contract, name="canary", chain=cast.chain_b, band="A")
        for contract in contracts
    )
    Milestone.objects.bulk_create(
        Milestone(
            project=project, kind="started", is_reached=True, actual_on=now.date(), recorded_at=now
        )
        for project in projects
    )


def _canaries(first: Lead, now: datetime) -> Iterator[Lead]:
    for place in range(999):
        lost = place % 5 == 4
        yield Lead(
            title=f"canary {place}",
            enterprise=first.enterprise,
            chain=first.chain,
            owner=first.owner,
            logged_by=first.owner,
            source="visit",
            investment=Decimal(777),
            band="C",
            stage=("lead", "screening", "negotiating", "signed")[place % 4],
            exit="lost" if lost else "",
            exit_reason="contact_lost" if lost else "",
            exited_on=now.date() if lost else None,
            next_action_on=now.date(),
            **SECRET,
        )


@pytest.mark.timeout(300)
def test_chain_a_is_told_the_same_with_a_thousand_secrets_of_chain_b(
    spring: Spring, client_of: ClientOf
) -> None:
    cast = spring.cast
    with clock(TODAY):
        programs = [client_of(one) for one in (cast.member_a, cast.head_a, cast.chain_leader_a)]
    before = [_all(program) for program in programs]
    _thousand(cast)
    assert [_all(program) for program in programs] == before
    assert "canary" not in str(before)


def _all(program: Program) -> Any:
    """Everything that the overview says to whoever asks."""
    with clock(TODAY):
        targets = program.rows("/annual-targets/")
    return [*(told(program, **asked) for asked in QUESTIONS), targets]


def test_mayors_office_counts_a_thousand_secrets_without_a_word_of_them(
    spring: Spring, mayors_office_then: Program
) -> None:
    _thousand(spring.cast)
    document = told(mayors_office_then)
    assert cells(document, "funnel")["new-materials"] > 700
    assert document["figures"]["starts"]["total"]["projects"] == 301
    assert "canary" not in str(document)
    assert "代号" not in str(document)
