"""First to file after a real talk holds the company (首报首谈)."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from leads.models import Claim, ClaimKey, ClaimState, KeyKind, Ruling, RulingRequest
from leads.models.claim import RULE
from leads.permissions import NotAllowed
from leads.queries import company_keys, holding_claim, keys_of
from leads.rulebook import claim_lapses_on

if TYPE_CHECKING:
    from chains.models import TaskTeam
    from kfq_crm.base.models import User
    from leads.models import Enterprise


class ClaimHeld(RuleViolation):
    """Another team holds the company. The message is all that a second team is told."""

    def __init__(self, claim: Claim) -> None:
        message = _("This company is claimed by %(team)s since %(day)s.") % {
            "team": claim.team,
            "day": date_format(claim.claimed_on, "DATE_FORMAT"),
        }
        super().__init__("claim_held", message, "investor")
        self.claim = claim


@transaction.atomic
def claim_company(
    *, enterprise: Enterprise, team: TaskTeam, by: User, now: datetime | None = None
) -> Claim:
    """The team's claim on the company: its own one in force, or a new one.

    Raises ClaimHeld when another team holds the company by any key. The unique keys decide
    between two teams that file in the same second.
    """
    today = timezone.localdate(now)
    keys = _claim_keys(keys_of(enterprise))
    _lapse_on_keys(keys, today)
    held = holding_claim(keys)
    if held and held.team_id != team.pk:
        raise ClaimHeld(held)
    own = Claim.objects.active().filter(enterprise=enterprise, team=team).first()
    claim = own or concurrency.create(
        Claim(enterprise=enterprise, team=team, claimed_on=today, lapses_on=claim_lapses_on(today)),
        by=by,
    )
    _hold(claim, keys)
    return claim


def hold_more(claim: Claim) -> None:
    """Take the keys that a company gained since it was claimed (a code, a telephone).

    A key that another team holds stays there; the coordination office arbitrates.
    """
    if claim.state == ClaimState.ACTIVE:
        _insert_keys(claim, _claim_keys(keys_of(claim.enterprise)))


def renew_claim(claim: Claim, progress_on: date, *, by: User) -> None:
    """Progress moves the day on which the claim lapses; it never moves it back."""
    lapses_on = claim_lapses_on(progress_on)
    locked = concurrency.lock(Claim.objects.active(), claim.pk)
    if lapses_on > locked.lapses_on:
        locked.lapses_on = lapses_on
        concurrency.save(locked, by=by, fields={"lapses_on"})


@transaction.atomic
def lapse_claims(*, by: User | None = None, now: datetime | None = None, limit: int = 500) -> int:
    """End claims whose day has passed; returns how many. Safe to run twice or at once."""
    today = timezone.localdate(now)
    due = Claim.objects.active().filter(lapses_on__lt=today).order_by("lapses_on")
    claims = list(due.select_for_update(skip_locked=_can_skip())[:limit])
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
) -> RulingRequest:
    """Ask the coordination office who may court a company that another team holds."""
    if not grounds.strip():
        raise RuleViolation("grounds_missing", _("Say why your team should hold it."), "grounds")
    keys = company_keys(name=company_name, uscc=uscc, parent=parent, phones=phones)
    claim = holding_claim(_claim_keys(keys))
    if claim is None or claim.team_id == team.pk:
        raise RuleViolation("not_held", _("No other team holds this company; log the lead."))
    open_request = claim.requests.waiting().filter(asking_team=team).first()
    if open_request:
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
    """Decide once and for all; the claim goes to the holder named.

    Raises RuleViolation without reasons, for a team that is no party, or when it is ruled.
    """
    if not by.has_perm(RULE):
        raise NotAllowed("not_allowed", _("Only the coordination office rules on claims."))
    locked = concurrency.lock(RulingRequest.objects.visible_to(by), request.pk)
    claim = concurrency.lock(Claim.objects.all(), locked.claim_id)
    _check_ruling(locked, claim, holder, reasons)
    moment = now or timezone.now()
    ruling = Ruling.objects.create(
        request=locked, holder=holder, reasons=reasons, ruled_at=moment, ruled_by=by
    )
    if holder.pk != claim.team_id:
        if claim.state == ClaimState.ACTIVE:
            _end(claim, ClaimState.OVERRULED, timezone.localdate(moment), by=by)
        claim_company(enterprise=claim.enterprise, team=holder, by=by, now=moment)
    concurrency.touch(locked, by=by)
    return ruling


def _check_ruling(request: RulingRequest, claim: Claim, holder: TaskTeam, reasons: str) -> None:
    if Ruling.objects.filter(request=request).exists():
        raise RuleViolation("ruled", _("This request has been ruled on; a ruling is final."))
    if not reasons.strip():
        raise RuleViolation("reasons_missing", _("Give the reasons of the ruling."), "reasons")
    if holder.pk not in {claim.team_id, request.asking_team_id}:
        raise RuleViolation("not_a_party", _("Choose one of the two teams."), "holder")


def _claim_keys(keys: list[tuple[KeyKind, str]]) -> list[tuple[KeyKind, str]]:
    # A group and a company of that very name are one: both are held as names.
    merged = {(KeyKind.NAME if kind == KeyKind.PARENT else kind, value) for kind, value in keys}
    return sorted(merged, key=lambda key: list(KeyKind).index(key[0]))


def _hold(claim: Claim, keys: list[tuple[KeyKind, str]]) -> None:
    """Insert first, look afterwards: of two transactions the unique index lets one through."""
    _insert_keys(claim, keys)
    other = holding_claim([key for key in keys if not _held_by_team(claim, key)])
    if other:
        raise ClaimHeld(other)


def _insert_keys(claim: Claim, keys: list[tuple[KeyKind, str]]) -> None:
    rows = [ClaimKey(claim=claim, kind=kind, value=value) for kind, value in keys]
    ClaimKey.objects.bulk_create(rows, ignore_conflicts=True)


def _held_by_team(claim: Claim, key: tuple[KeyKind, str]) -> bool:
    kind, value = key
    return ClaimKey.objects.filter(kind=kind, value=value, claim__team=claim.team_id).exists()


def _lapse_on_keys(keys: list[tuple[KeyKind, str]], today: date) -> None:
    held = holding_claim(keys)
    while held and held.lapses_on < today:
        _end(held, ClaimState.LAPSED, today, by=None)
        held = holding_claim(keys)


def _end(claim: Claim, state: ClaimState, today: date, *, by: User | None) -> Claim:
    claim.state, claim.ended_on = state, today
    concurrency.save(claim, by=by, fields={"state", "ended_on"})
    claim.keys.all().delete()
    _hand_keys_on(claim)
    return claim


def _hand_keys_on(ended: Claim) -> None:
    """A key that the team shares with a sister company's claim stays held through that one."""
    company = ended.enterprise
    names = {company.name_key, company.parent_key} - {""}
    sisters = Claim.objects.active().filter(team=ended.team_id).exclude(pk=ended.pk).order_by()
    by_name = sisters.filter(enterprise__name_key__in=names)
    for claim in by_name.union(sisters.filter(enterprise__parent_key__in=names)):
        hold_more(claim)


def _can_skip() -> bool:
    return bool(transaction.get_connection().features.has_select_for_update_skip_locked)
