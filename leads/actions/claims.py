"""First to file after a real talk holds the company (首报首谈)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chains.models import TaskTeam
from chains.visibility import sees_all
from kfq_crm.base import concurrency
from kfq_crm.base.codes import clean_uscc
from kfq_crm.base.columns import at_field, check_columns
from kfq_crm.base.errors import RuleViolation
from leads.actions.claim_keys import (
    Key,
    claimable,
    free_keys,
    hand_on,
    held_by_others,
    keys_to_claim,
    take_keys,
)
from leads.models import Claim, ClaimKey, ClaimState, KeyKind, Ruling, RulingRequest
from leads.models.claim import RULE
from leads.permissions import NotAllowed
from leads.queries import any_key, company_keys, find_matches, held_keys, keys_of
from leads.rulebook import claim_lapses_on

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from leads.models import Enterprise, Lead


class ClaimHeld(RuleViolation):
    """Another team holds the company. The message is all that a second team is told."""

    def __init__(self, claim: Claim, field: str = "investor") -> None:
        message = _("This company is claimed by %(team)s since %(day)s.") % {
            "team": claim.team,
            "day": date_format(claim.claimed_on, "DATE_FORMAT"),
        }
        super().__init__("claim_held", message, field)
        self.claim = claim


@transaction.atomic(savepoint=False)
def claim_company(
    *,
    enterprise: Enterprise,
    team: TaskTeam,
    by: User,
    now: datetime | None = None,
    is_new: bool = False,
) -> Claim:
    """The team's claim on the company: its own one in force, or a new one.

    Raises ClaimHeld when another team holds the company by any key. The unique keys decide
    between two teams that file in the same second. `is_new`: the company was registered in this
    transaction, so nobody else can claim it meanwhile, only its keys.
    """
    today = timezone.localdate(now)
    keys = keys_to_claim(enterprise)
    held = [row.claim for row in _free_lapsed(keys, today)]
    own = next((c for c in held if c.enterprise_id == enterprise.pk and c.team_id == team.pk), None)
    other = next((claim for claim in held if claim.team_id != team.pk), None)
    if other and not own:
        raise ClaimHeld(other)
    claim = own or _open_claim(enterprise, team, today, by=by, is_new=is_new)
    if not take_keys(claim, keys) and not own:
        # Looked at before for the notice, after for the race: the unique index lets one through.
        _refuse_held(keys, team)
    return claim


def refresh_keys(enterprise: Enterprise) -> None:
    """Hold what the company is known by now, and let go what it no longer is known by.

    A key that another team holds stays there; the coordination office arbitrates.
    """
    claim = Claim.objects.active().filter(enterprise=enterprise).first()
    if claim is None:
        return
    keys = keys_to_claim(enterprise)
    freed = free_keys(claim, kept=keys)
    take_keys(claim, keys)
    hand_on(claim, freed)


def refuse_taken(enterprise: Enterprise, gained: Collection[Key], field: str) -> None:
    """Refuse that a claimed company takes a name or code that another team holds.

    A company logged under a wrong name and then corrected would otherwise slip past the claim.
    """
    claim = Claim.objects.active().filter(enterprise=enterprise).first()
    names = claimable([key for key in gained if key[0] != KeyKind.PHONE])
    if claim and names:
        _refuse_held(names, claim.team, field)


def refuse_loosening(enterprise: Enterprise, lost: Collection[Key], by: User) -> None:
    """Refuse that people outside the holding team take a name or code off a claimed company."""
    claim = Claim.objects.active().filter(enterprise=enterprise).select_related("team").first()
    names = claimable([key for key in lost if key[0] != KeyKind.PHONE])
    if not claim or not names or sees_all(by):
        return
    if not claim.team.group.user_set.filter(pk=by.pk).exists():
        raise RuleViolation(
            "held_by_others",
            _("Another team holds this company; the coordination office changes its name or code."),
            "name",
        )


def require_not_taken(lead: Lead, now: datetime | None = None) -> None:
    """Refuse to go on with a company that another team holds by now (a ruling, a lapse)."""
    claim = lead.claim
    if claim and claim.state == ClaimState.ACTIVE:
        return
    team = claim.team if claim else TaskTeam.objects.filter(chain=lead.chain_id).first()
    keys = keys_to_claim(lead.enterprise)
    _free_lapsed(keys, timezone.localdate(now))
    other = held_by_others(keys, team)
    if other and claim and claim.state == ClaimState.OVERRULED:
        raise RuleViolation(
            "overruled",
            _("A ruling gave this company to another team; do not approach it any more."),
        )
    if other:
        raise ClaimHeld(other)


def keep_claim(lead: Lead, progress_on: date, *, by: User, now: datetime | None = None) -> Claim:
    """The lead's claim after progress: in force longer, never shorter; claimed anew after a lapse.

    Raises ClaimHeld when another team claimed the company in between.
    """
    if lead.claim_id:
        claim = concurrency.lock(Claim.objects.all(), lead.claim_id)
        if claim.state == ClaimState.ACTIVE:
            return _renew(claim, progress_on, by=by)
    team = TaskTeam.objects.get(chain=lead.chain_id)
    return claim_company(enterprise=lead.enterprise, team=team, by=by, now=now)


def _renew(claim: Claim, progress_on: date, *, by: User) -> Claim:
    if progress_on < claim.claimed_on:  # the claim's own day counts for more
        return claim
    lapses_on = claim_lapses_on(progress_on)
    if lapses_on > claim.lapses_on:
        claim.lapses_on = lapses_on
        concurrency.save(claim, by=by, fields={"lapses_on"})
    return claim


def give_up_for(lead: Lead, *, by: User, now: datetime | None = None) -> None:
    """Free the company of a lead that is passed on, unless the team has another lead on it."""
    others = lead.enterprise.leads.open().filter(chain=lead.chain_id).exclude(pk=lead.pk)
    if lead.claim_id is None or others.exists():
        return
    claim = concurrency.lock(Claim.objects.all(), lead.claim_id)
    if claim.state == ClaimState.ACTIVE:
        _end(claim, ClaimState.RELEASED, timezone.localdate(now), by=by)


@transaction.atomic
def lapse_claims(*, by: User | None = None, now: datetime | None = None, limit: int = 500) -> int:
    """End claims whose day has passed; returns how many. Safe to run twice or at once."""
    today = timezone.localdate(now)
    due = Claim.objects.active().filter(lapses_on__lt=today).order_by("lapses_on")
    claims = list(due.select_for_update(skip_locked=_can_skip(), no_key=True)[:limit])
    for claim in claims:
        _end(claim, ClaimState.LAPSED, today, by=by)
    return len(claims)


@transaction.atomic
def release_claim(*, claim: Claim, by: User, now: datetime | None = None) -> Claim:
    """Give up a company so that another team may court it."""
    locked = concurrency.lock(Claim.objects.visible_to(by), claim.pk)
    if locked.state != ClaimState.ACTIVE:
        raise RuleViolation("claim_ended", _("This claim has already ended."))
    if not (locked.team.head_id == by.pk or by.has_perm(RULE)):
        raise NotAllowed("not_allowed", _("Only the team head may give up a claim."))
    return _end(locked, ClaimState.RELEASED, timezone.localdate(now), by=by)


@transaction.atomic
def request_ruling(
    *,
    company_name: str,
    team: TaskTeam,
    grounds: str,
    by: User,
    uscc: str | None = None,
    parent: str = "",
    phones: tuple[str, ...] = (),
    now: datetime | None = None,
) -> RulingRequest:
    """Ask the coordination office who may court a company that another team holds.

    What logging the company would be refused with can be asked about, and nothing else.
    """
    _require_party(by, team)
    if not grounds.strip():
        raise RuleViolation("grounds_missing", _("Say why your team should hold it."), "grounds")
    with at_field("uscc"):
        code = clean_uscc(uscc) if uscc else None
    held = notice_of(
        company_name=company_name, team=team, uscc=code, parent=parent, phones=phones, now=now
    )
    if held is None:
        raise RuleViolation("not_held", _("No other team holds this company; log the lead."))
    claim = concurrency.lock(Claim.objects.all(), held.claim.pk)
    if claim.requests.waiting().filter(asking_team=team).exists():
        raise RuleViolation("already_asked", _("Your team has already asked for a ruling on it."))
    request = RulingRequest(
        claim=claim, asking_team=team, asked_by=by, company_name=company_name, grounds=grounds
    )
    return concurrency.create(request, by=by)


@transaction.atomic
def rule_on_claim(
    *,
    request: RulingRequest,
    holder: TaskTeam,
    reasons: str,
    by: User,
    now: datetime | None = None,
) -> Ruling:
    """Decide once and for all; the claim goes to the holder named, with every key of the company.

    Raises RuleViolation without reasons, for a team that is no party, or when it is ruled.
    """
    if not by.has_perm(RULE):
        raise NotAllowed("not_allowed", _("Only the coordination office rules on claims."))
    locked = concurrency.lock(RulingRequest.objects.visible_to(by), request.pk)
    claim = concurrency.lock(Claim.objects.all(), locked.claim_id)
    _check_ruling(locked, claim, holder, reasons)
    moment = now or timezone.now()
    ruling = Ruling(request=locked, holder=holder, reasons=reasons, ruled_at=moment, ruled_by=by)
    check_columns(ruling)
    ruling.save(force_insert=True)
    _hand_over(claim, holder, by=by, today=timezone.localdate(moment))
    concurrency.touch(locked, by=by)
    return ruling


def _hand_over(claim: Claim, holder: TaskTeam, *, by: User, today: date) -> None:
    """Put the ruling into force. The losing team keeps other companies of the same group, but not
    the group: the winner must not be stopped by what it has just won."""
    if holder.pk == claim.team_id and claim.state == ClaimState.ACTIVE:
        return
    keys = keys_to_claim(claim.enterprise)
    if holder.pk != claim.team_id:
        if claim.state == ClaimState.ACTIVE:
            _end(claim, ClaimState.OVERRULED, today, by=by, share=False)
        ClaimKey.objects.filter(any_key(keys), claim__team=claim.team_id).delete()
    third = Claim.objects.active().filter(enterprise=claim.enterprise).first()
    if third and third.team_id != holder.pk:
        raise ClaimHeld(third, "holder")
    won = third or _open_claim(claim.enterprise, holder, today, by=by)
    take_keys(won, keys)


def _check_ruling(request: RulingRequest, claim: Claim, holder: TaskTeam, reasons: str) -> None:
    if Ruling.objects.filter(request=request).exists():
        raise RuleViolation("ruled", _("This request has been ruled on; a ruling is final."))
    if not reasons.strip():
        raise RuleViolation("reasons_missing", _("Give the reasons of the ruling."), "reasons")
    if holder.pk not in {claim.team_id, request.asking_team_id}:
        raise RuleViolation("not_a_party", _("Choose one of the two teams."), "holder")


def _require_party(by: User, team: TaskTeam) -> None:
    if not by.has_perm("leads.add_rulingrequest"):
        raise NotAllowed("not_allowed", _("You may not ask for a ruling."))
    if not sees_all(by) and not team.group.user_set.filter(pk=by.pk).exists():
        raise NotAllowed("not_your_team", _("You can ask for your own team only."))


def _open_claim(
    enterprise: Enterprise, team: TaskTeam, today: date, *, by: User, is_new: bool = False
) -> Claim:
    """A new claim; when somebody claims the company in this very moment, theirs."""
    lapses_on = claim_lapses_on(today)
    claim = Claim(enterprise=enterprise, team=team, claimed_on=today, lapses_on=lapses_on)
    if is_new:
        return concurrency.create(claim, by=by)
    try:
        with transaction.atomic():
            concurrency.create(claim, by=by)
            _pass_requests_on(claim, by)
            return claim
    except IntegrityError:
        first = Claim.objects.active().select_related("team").get(enterprise=enterprise)
    if first.team_id != team.pk:
        raise ClaimHeld(first)
    return first


def _pass_requests_on(claim: Claim, by: User) -> None:
    """Who waits for a ruling on the company waits for one against whoever holds it now: on a claim
    that has ended nobody could be given it any more."""
    waiting = RulingRequest.objects.waiting().filter(claim__enterprise=claim.enterprise_id)
    for request in waiting.exclude(asking_team=claim.team_id).order_by("pk"):
        locked = concurrency.lock(RulingRequest.objects.all(), request.pk)
        locked.claim = claim
        concurrency.save(locked, by=by, fields={"claim"})


def notice_of(
    *,
    company_name: str,
    team: TaskTeam | None,
    uscc: str | None = None,
    parent: str = "",
    phones: tuple[str, ...] = (),
    now: datetime | None = None,
) -> ClaimHeld | None:
    """What logging the company for the team would be refused with; None when nobody else holds it.

    Only reads. Everything typed is clean; without a team every claim in force counts.
    """
    typed = company_keys(name=company_name, uscc=uscc, parent=parent, phones=phones)
    known = find_matches(name=company_name, uscc=uscc).first_same()
    keys = claimable([*typed, *(keys_of(known) if known else [])])
    today = timezone.localdate(now)
    held = (row.claim for row in held_keys(keys) if row.claim.lapses_on >= today)
    other = next((claim for claim in held if team is None or claim.team_id != team.pk), None)
    return ClaimHeld(other) if other else None


def _refuse_held(keys: Collection[Key], team: TaskTeam, field: str = "investor") -> None:
    other = held_by_others(keys, team)
    if other:
        raise ClaimHeld(other, field)


def _free_lapsed(keys: Collection[Key], today: date) -> list[ClaimKey]:
    """End claims on these keys whose day has passed and that the sweep has not come to yet.

    Returns the keys that are held after it, the strongest first.
    """
    held = held_keys(keys)
    overdue = {row.claim_id for row in held if row.claim.lapses_on < today}
    if not overdue:
        return held
    # Asked again under the lock: progress may have moved the day in this very moment.
    due = Claim.objects.active().filter(pk__in=overdue, lapses_on__lt=today).order_by("pk")
    for claim in due.select_for_update(no_key=True):
        _end(claim, ClaimState.LAPSED, today, by=None)
    return held_keys(keys)


def _end(
    claim: Claim, state: ClaimState, today: date, *, by: User | None, share: bool = True
) -> Claim:
    """End a locked claim and free its keys."""
    claim.state, claim.ended_on = state, today
    concurrency.save(claim, by=by, fields={"state", "ended_on"})
    freed = free_keys(claim)
    if share:
        hand_on(claim, freed)
    return claim


def _can_skip() -> bool:
    return bool(transaction.get_connection().features.has_select_for_update_skip_locked)
