"""Two people at the same moment: exactly one holds the company, and nothing is lost."""

from datetime import date
from typing import Any

import pytest

from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from leads.actions import enterprises
from leads.actions.claims import (
    ClaimHeld,
    lapse_claims,
    release_claim,
    request_ruling,
)
from leads.models import (
    Claim,
    ClaimKey,
    ClaimState,
    Enterprise,
    Lead,
    Ruling,
)
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import (
    a_company_name,
    a_uscc,
    an_enterprise,
    follow_up,
    lead_in,
    log_a_lead,
)
from tests.leads.claiming import COMPANY, DAY, MONDAY, holders, rule
from tests.threads import at_once

# --- At the same moment ---------------------------------------------------------------------

RACES = {
    "by name": ({"investor": COMPANY}, {"investor": "航天信控动力"}),
    "by code": (
        {"investor": "甲公司", "uscc": a_uscc(7)},
        {"investor": "乙公司", "uscc": a_uscc(7)},
    ),
    "by phone": (
        {"investor": "甲公司", "contact_name": "王", "contact_phone": "13812345678"},
        {"investor": "乙公司", "contact_name": "王", "contact_phone": "13812345678"},
    ),
    "by group": (
        {"investor": "甲公司", "parent_group": "宏源集团"},
        {"investor": "乙公司", "parent_group": "宏源集团"},
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("race", RACES.values(), ids=RACES.keys())
def test_of_two_teams_at_once_exactly_one_holds_the_company(
    cast: Cast, race: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    one, other = race
    outcomes = at_once(
        lambda: log_a_lead(by=cast.member_a, **one), lambda: log_a_lead(by=cast.member_b, **other)
    )
    leads = [o for o in outcomes if isinstance(o, Lead)]
    refusals = [o for o in outcomes if isinstance(o, ClaimHeld)]
    assert (len(leads), len(refusals)) == (1, 1), outcomes
    assert Lead.objects.get().claim == Claim.objects.active().get()
    assert Enterprise.objects.count() == 1
    assert str(leads[0].claim.team) in str(refusals[0])


@pytest.mark.django_db(transaction=True)
def test_two_teams_at_once_on_a_company_known_and_free(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    release_claim(claim=lead.claim, by=cast.head_a)
    outcomes = at_once(
        lambda: log_a_lead(by=cast.member_b, investor=COMPANY),
        lambda: follow_up(lead, by=cast.member_a, is_progress=True),
    )
    refusals = [o for o in outcomes if isinstance(o, Exception)]
    assert len(refusals) == 1, outcomes
    assert isinstance(refusals[0], ClaimHeld)
    assert Claim.objects.active().count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_members_of_a_team_at_once_share_company_and_claim(cast: Cast) -> None:
    outcomes = at_once(
        lambda: log_a_lead(by=cast.member_a, investor=COMPANY, uscc=a_uscc(7)),
        lambda: log_a_lead(by=cast.second_member_a, investor="航天信控动力"),
    )
    assert [o for o in outcomes if isinstance(o, Exception)] == []
    assert Enterprise.objects.count() == Claim.objects.count() == 1
    assert Lead.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_progress_at_the_moment_of_the_sweep_is_not_lost(cast: Cast) -> None:
    """Either the claim is renewed before the sweep, or made anew after it; it is never lost."""
    lead = log_a_lead(by=cast.member_a, investor=COMPANY, now=MONDAY)
    later = MONDAY + 91 * DAY
    outcomes = at_once(
        lambda: lapse_claims(now=later),
        lambda: follow_up(lead, by=cast.member_a, now=later, is_progress=True),
    )
    assert [o for o in outcomes if isinstance(o, Exception)] == []
    lead.refresh_from_db()
    assert lead.claim == Claim.objects.active().get()
    assert lead.claim.lapses_on == date(2026, 8, 30)
    assert ClaimKey.objects.filter(claim=lead.claim).exists()


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_end_each_claim_once(cast: Cast) -> None:
    for _ in range(3):
        log_a_lead(by=cast.member_a, investor=a_company_name(), now=MONDAY)
    later = MONDAY + 91 * DAY
    outcomes = at_once(lambda: lapse_claims(now=later), lambda: lapse_claims(now=later))
    assert sum(outcomes) == 3
    assert set(Claim.objects.values_list("state", "version")) == {(ClaimState.LAPSED, 2)}


@pytest.mark.django_db(transaction=True)
def test_two_rulings_at_once_leave_one(cast: Cast) -> None:
    log_a_lead(by=cast.member_a, investor=COMPANY)
    request = request_ruling(
        company_name=COMPANY, team=cast.team_b, grounds="先谈", by=cast.member_b
    )
    outcomes = at_once(
        lambda: rule(request, cast.team_a, cast.coordinator),
        lambda: rule(request, cast.team_b, cast.coordinator),
    )
    rulings = [o for o in outcomes if isinstance(o, Ruling)]
    assert len(rulings) == 1, outcomes
    assert Ruling.objects.get() == rulings[0]
    assert holders() == {COMPANY: rulings[0].holder.name}


def test_signed_lead_keeps_its_claim_by_its_signing(cast: Cast) -> None:
    lead = lead_in(Stage.SIGNED, by=cast.member_a, investor=COMPANY)
    assert lead.claim.state == ClaimState.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_two_companies_on_record_that_get_one_code_at_once(cast: Cast) -> None:
    """The unique code lets one through; the other one's form says so at the field."""
    for name in ("甲公司", "乙公司"):
        an_enterprise(by=cast.coordinator, name=name, team=None)
    outcomes = at_once(
        lambda: log_a_lead(by=cast.member_a, investor="甲公司", uscc=a_uscc(7)),
        lambda: log_a_lead(by=cast.member_b, investor="乙公司", uscc=a_uscc(7)),
    )
    refusals = [o for o in outcomes if isinstance(o, RuleViolation)]
    assert (len(refusals), Lead.objects.count()) == (1, 1), outcomes
    assert Enterprise.objects.filter(uscc=a_uscc(7)).count() == 1


def test_code_that_another_company_gets_meanwhile_is_refused_at_its_field(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_enterprise(by=cast.coordinator, name="甲公司", team=None)
    taken = an_enterprise(by=cast.coordinator, name="乙公司", team=None)
    lock = concurrency.lock

    def after_the_other(rows: Any, pk: int, expected: int | None = None) -> Any:
        Enterprise.objects.filter(pk=taken.pk).update(uscc=a_uscc(7))
        return lock(rows, pk, expected)

    monkeypatch.setattr(enterprises.concurrency, "lock", after_the_other)
    with pytest.raises(RuleViolation) as refused:
        log_a_lead(by=cast.member_a, investor="甲公司", uscc=a_uscc(7))
    assert (refused.value.code, refused.value.field) == ("uscc_taken", "uscc")
    assert not Lead.objects.exists()
