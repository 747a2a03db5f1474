"""First to file holds the company (首报首谈): how long, and how the claim ends."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from kfq_crm.base.errors import RuleViolation
from leads.actions.claims import (
    ClaimHeld,
    lapse_claims,
    release_claim,
)
from leads.actions.pipeline import advance_lead, exit_lead, reopen_lead
from leads.models import (
    Claim,
    ClaimKey,
    ClaimRule,
    ClaimState,
    Enterprise,
)
from leads.permissions import NotAllowed
from tests.cast import Cast
from tests.factories import (
    a_contract,
    follow_up,
    log_a_lead,
    screen,
)
from tests.leads.claiming import COMPANY, DAY, FIRST, MONDAY, held_keys, holders

# --- Lapse, progress, release ---------------------------------------------------------------


def test_claim_holds_ninety_days_and_lapses_on_the_day_after(cast: Cast) -> None:
    log_a_lead(by=cast.member_a, now=MONDAY, **FIRST)
    assert lapse_claims(now=MONDAY + 90 * DAY) == 0
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_b, now=MONDAY + 90 * DAY, investor=COMPANY)
    assert lapse_claims(now=MONDAY + 91 * DAY) == 1
    claim = Claim.objects.get()
    assert (claim.state, claim.ended_on) == (ClaimState.LAPSED, date(2026, 6, 1))
    assert held_keys() == set()
    assert lapse_claims(now=MONDAY + 91 * DAY) == 0


def test_overdue_claim_gives_way_before_the_sweep_comes(cast: Cast) -> None:
    first = log_a_lead(by=cast.member_a, now=MONDAY, **FIRST)
    second = log_a_lead(by=cast.member_b, now=MONDAY + 91 * DAY, investor=COMPANY)
    first.claim.refresh_from_db()
    assert first.claim.state == ClaimState.LAPSED
    assert second.claim.team == cast.team_b
    assert second.enterprise == first.enterprise


def test_rule_row_in_force_on_the_day_decides(cast: Cast) -> None:
    ClaimRule.objects.create(valid_from=date(2026, 3, 3), days_without_progress=30)
    old = log_a_lead(by=cast.member_a, now=MONDAY)
    new = log_a_lead(by=cast.member_a, now=MONDAY + DAY)
    assert old.claim.lapses_on == date(2026, 5, 31)
    assert new.claim.lapses_on == date(2026, 4, 2)


def test_without_a_rule_no_claim_is_made(cast: Cast) -> None:
    ClaimRule.objects.all().delete()
    with pytest.raises(RuleViolation) as refusal:
        log_a_lead(by=cast.member_a)
    assert refusal.value.code == "claim_rule_missing"
    assert not Enterprise.objects.exists()


def test_only_progress_renews(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    follow_up(lead, by=cast.member_a, now=MONDAY + 30 * DAY)
    lead.claim.refresh_from_db()
    assert lead.claim.lapses_on == date(2026, 5, 31)
    follow_up(lead, by=cast.member_a, now=MONDAY + 30 * DAY, is_progress=True)
    lead.claim.refresh_from_db()
    assert lead.claim.lapses_on == date(2026, 6, 30)


def test_progress_logged_late_does_not_shorten_a_claim(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    follow_up(
        lead,
        by=cast.member_a,
        now=MONDAY + DAY,
        is_progress=True,
        occurred_at=MONDAY - 20 * DAY,
    )
    lead.claim.refresh_from_db()
    assert lead.claim.lapses_on == date(2026, 5, 31)


def test_progress_of_a_time_before_every_rule_is_logged(cast: Cast) -> None:
    """An old talk entered from a ledger: it has no bearing on a claim that is younger."""
    ClaimRule.objects.all().delete()
    ClaimRule.objects.create(valid_from=MONDAY.date(), days_without_progress=90)
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    long_ago = MONDAY - 2000 * DAY
    follow_up(lead, by=cast.member_a, now=MONDAY, occurred_at=long_ago, is_progress=True)
    assert Claim.objects.get().lapses_on == (MONDAY + 90 * DAY).date()


def test_progress_after_a_lapse_claims_anew(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    lapse_claims(now=MONDAY + 100 * DAY)
    follow_up(lead, by=cast.member_a, now=MONDAY + 101 * DAY, is_progress=True)
    lead.refresh_from_db()
    assert (lead.claim.state, lead.claim.claimed_on) == (ClaimState.ACTIVE, date(2026, 6, 11))
    assert Claim.objects.filter(state=ClaimState.LAPSED).count() == 1


def test_team_whose_claim_lapsed_stops_when_another_has_claimed(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY, now=MONDAY)
    screen(lead, by=cast.member_a)
    log_a_lead(by=cast.member_b, investor=COMPANY, now=MONDAY + 100 * DAY)
    later = MONDAY + 101 * DAY
    verbs = [
        lambda: follow_up(lead, by=cast.member_a, now=later),
        lambda: follow_up(lead, by=cast.member_a, now=later, is_progress=True),
        lambda: advance_lead(lead=lead, by=cast.member_a, now=later),
        lambda: a_contract(lead, by=cast.member_a, now=later),
    ]
    for verb in verbs:
        with pytest.raises(ClaimHeld, match="新材料专班"):
            verb()
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a)


def test_head_gives_a_company_up(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, **FIRST)
    released = release_claim(claim=lead.claim, by=cast.head_a)
    assert (released.state, released.ended_on) == (ClaimState.RELEASED, timezone.localdate())
    log_a_lead(by=cast.member_b, investor=COMPANY)
    assert holders() == {COMPANY: "新材料专班"}
    with pytest.raises(RuleViolation) as ended:
        release_claim(claim=lead.claim, by=cast.head_a)
    assert ended.value.code == "claim_ended"


def test_giving_up_is_for_the_head_and_the_office(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    with pytest.raises(NotAllowed):
        release_claim(claim=lead.claim, by=cast.member_a)
    with pytest.raises(Claim.DoesNotExist):
        release_claim(claim=lead.claim, by=cast.head_b)
    assert release_claim(claim=lead.claim, by=cast.coordinator).state == ClaimState.RELEASED


def test_passing_a_lead_on_frees_the_company(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    exit_lead(lead=lead, exit="transferred", detail="转新材料专班", by=cast.member_a)
    second = log_a_lead(by=cast.member_b, investor=COMPANY)
    assert second.claim.team == cast.team_b
    with pytest.raises(ClaimHeld):
        reopen_lead(lead=lead, reason="想要回来", by=cast.member_a)


def test_passing_one_of_two_leads_on_keeps_the_company(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    log_a_lead(by=cast.member_a, investor=COMPANY)
    exit_lead(lead=lead, exit="transferred", detail="转新材料专班", by=cast.member_a)
    assert holders() == {COMPANY: "航空航天专班"}


@pytest.mark.parametrize(
    "way", [{"exit": "lost", "reason": "contact_lost"}, {"exit": "shelved", "detail": "等土地"}]
)
def test_other_exits_keep_the_company_until_the_claim_lapses(
    cast: Cast, way: dict[str, Any]
) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    if way["exit"] == "shelved":
        way = {**way, "wake_on": timezone.localdate() + 30 * DAY}
    exit_lead(lead=lead, by=cast.member_a, **way)
    assert holders() == {COMPANY: "航空航天专班"}


def test_reopening_claims_the_company_anew_or_names_who_took_it(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY, now=MONDAY)
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a, now=MONDAY)
    lapse_claims(now=MONDAY + 91 * DAY)
    back = reopen_lead(lead=lead, reason="又联系上", by=cast.member_a, now=MONDAY + 92 * DAY)
    assert back.claim.state == ClaimState.ACTIVE
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a)
    lapse_claims(now=MONDAY + 400 * DAY)
    log_a_lead(by=cast.member_b, investor=COMPANY, now=MONDAY + 401 * DAY)
    with pytest.raises(ClaimHeld):
        reopen_lead(lead=lead, reason="再来", by=cast.member_a, now=MONDAY + 402 * DAY)
    lead.refresh_from_db()
    assert not lead.is_open


# --- What the database holds ----------------------------------------------------------------


def test_database_refuses_a_second_claim_in_force_on_a_company(cast: Cast) -> None:
    claim = log_a_lead(by=cast.member_a).claim
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.create(
            enterprise=claim.enterprise,
            team=cast.team_b,
            claimed_on=claim.claimed_on,
            lapses_on=claim.lapses_on,
        )


def test_database_refuses_a_key_held_twice(cast: Cast) -> None:
    held = log_a_lead(by=cast.member_a).claim.keys.get()
    other = log_a_lead(by=cast.member_b).claim
    with pytest.raises(IntegrityError), transaction.atomic():
        ClaimKey.objects.create(claim=other, kind=held.kind, value=held.value)


def test_database_refuses_an_ended_claim_without_a_day(cast: Cast) -> None:
    claim = log_a_lead(by=cast.member_a).claim
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.filter(pk=claim.pk).update(state=ClaimState.LAPSED)
