"""A lead from the first call to the signed contract: log, change, move, leave, reopen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chains.actions.lists import mark_became_lead
from chains.models import Chain, TaskTeam
from chains.visibility import sees_all
from kfq_crm.base import concurrency
from kfq_crm.base.columns import check_columns, fill, named
from kfq_crm.base.errors import GateNotMet, RuleViolation
from kfq_crm.base.models import User
from kfq_crm.base.service_accounts import refuse_service_accounts
from leads.actions import moves
from leads.actions.claims import claim_company, give_up_for, require_not_taken
from leads.actions.contracts import count_signing
from leads.actions.enterprises import Registered, first_contact, match_or_register
from leads.actions.search import refresh_leads_of, set_lead_search
from leads.dates import check_next_action
from leads.models import Lead
from leads.models.lead import StageChangeKind
from leads.permissions import NotAllowed, require_move, require_work
from leads.queries import facts_of
from leads.rulebook import band_of, next_action_date
from leads.schedule import schedule, start_round
from leads.stages import Exit, LossReason, Stage, earlier_stages, missing_for, next_stage

REQUIRED = ("title", "investor", "chain", "owner", "source")
LEAD_FIELDS = {
    "title",
    "segment",
    "source",
    "source_detail",
    "referrer",
    "outpost",
    "summary",
    "investment",
    "fixed_investment",
    "currency",
    "amount_is_estimate",
    "land_mu",
    "plant_m2",
    "energy_tce",
    "emissions",
    "talent_need",
    "fund",
    "confidential",
    "code_name",
    "first_talk_team",
    "landing_park",
    "next_action",
    "next_action_on",
}
COMPANY_FIELDS = {"uscc", "parent_group", "country"}
MANY = {"secondary_chains", "readers"}


@transaction.atomic
def log_lead(*, values: Mapping[str, Any], by: User, now: datetime | None = None) -> Lead:
    """Log a lead: duplicate check, company, claim, lead, first contact person, all or nothing.

    `values` holds the five required ones (`title`, `investor` as typed, `chain`, `owner`,
    `source`) and any of LEAD_FIELDS, COMPANY_FIELDS, MANY, `contact_name`, `contact_phone`.
    Raises RuleViolation at the field, ClaimHeld when another team holds the company.
    """
    moment = now or timezone.now()
    _require_five(values)
    team = _lock_team(values["chain"])
    _check_people(by, values["owner"], team)
    company = _company_of(values, team, by)
    enterprise = company.enterprise
    claim = claim_company(
        enterprise=enterprise, team=team, by=by, now=moment, is_new=company.is_new
    )
    lead = Lead(enterprise=enterprise, claim=claim, logged_by=by, chain=values["chain"])
    lead.company_is_new = company.is_new
    lead.duplicates_checked_at = lead.stage_entered_at = moment
    _fill(lead, {**values, "first_talk_team": values.get("first_talk_team") or team}, moment)
    if not company.is_new:
        _refuse_sent_twice(lead, by)
    _prefill_next_action(lead, moment)
    concurrency.create(lead, by=by)
    _set_many(lead, {name: chosen for name, chosen in values.items() if chosen})
    moves.record_move(lead, StageChangeKind.LOGGED, by=by, at=moment)
    if not lead.confidential:  # the chain's list is read by the whole team
        mark_became_lead(chain=lead.chain, name=enterprise.name, by=by)
    return lead


@transaction.atomic
def update_lead(
    *,
    lead: Lead,
    values: Mapping[str, Any],
    by: User,
    expected: int | None,
    now: datetime | None = None,
) -> Lead:
    """Change a lead's data (never its stage). Raises VersionConflict on an outdated page."""
    locked = concurrency.lock(Lead.objects.visible_to(by), lead.pk, expected)
    require_work(by, locked)
    hidden = locked.confidential
    _fill(locked, values, now or timezone.now(), was=locked.next_action_on)
    if hidden != locked.confidential or _changes_readers(locked, values):
        start_round(locked)
    concurrency.save(locked, by=by)
    _set_many(locked, values)
    return locked


@transaction.atomic
def advance_lead(
    *, lead: Lead, by: User, expected: int | None = None, now: datetime | None = None
) -> Lead:
    """Move an open lead to its next stage. Raises GateNotMet with what is missing."""
    locked = _lock_open(lead, by, expected)
    target = next_stage(locked.stage)
    if target is None:
        raise RuleViolation("last_stage", _("This lead is signed; there is no further stage."))
    require_not_taken(locked, now)
    missing = missing_for(target, facts_of(locked))
    if missing:
        raise GateNotMet("gate_not_met", _gate_message(target, missing), missing)
    evidence = moves.evidence_for(locked, target)
    moves.move(locked, target, StageChangeKind.ADVANCED, by=by, at=now, evidence=evidence)
    if target == Stage.SIGNED:
        count_signing(locked, by=by)
    return locked


@transaction.atomic
def return_lead(
    *,
    lead: Lead,
    to: str,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Lead:
    """Take a lead back to an earlier stage that it was moved on from by mistake."""
    locked = _lock_open(lead, by, expected)
    _require_reason(reason)
    if to not in earlier_stages(locked.stage):
        raise RuleViolation("not_earlier", _("Choose a stage before the present one."), "to")
    if locked.contracts.filter(counted=True).exists():
        raise RuleViolation("counted", _("A signing has been counted; it cannot be taken back."))
    moves.move(locked, Stage(to), StageChangeKind.RETURNED, by=by, at=now, reason=reason)
    return locked


@transaction.atomic
def exit_lead(
    *,
    lead: Lead,
    exit: str,
    by: User,
    reason: str = "",
    detail: str = "",
    wake_on: date | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> Lead:
    """Take a lead out of the pipeline: shelved with a wake-up day, passed on, or lost.

    `reason` is a LossReason code for a loss; for the other ways `detail` gives the reason.
    Passing a lead on frees its company, or nobody could take it over.
    """
    locked = _lock_open(lead, by, expected)
    today = timezone.localdate(now)
    _check_exit(exit, reason, detail, wake_on, today)
    locked.exit, locked.exited_on = exit, today
    locked.exit_reason = reason if exit == Exit.LOST else ""
    locked.exit_detail = detail
    locked.wake_on = wake_on if exit == Exit.SHELVED else None
    moves.record_exit(locked, by=by, at=now)
    if exit == Exit.TRANSFERRED:
        give_up_for(locked, by=by, now=now)
    return locked


@transaction.atomic
def reopen_lead(
    *,
    lead: Lead,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Lead:
    """Bring a lead back into the stage it left. Claims the company anew; ClaimHeld if taken."""
    locked = concurrency.lock(Lead.objects.visible_to(by), lead.pk, expected)
    require_move(by, locked)
    if locked.is_open:
        raise RuleViolation("open", _("This lead is open already."))
    _require_reason(reason)
    team = _team_of(locked.chain)
    locked.claim = claim_company(enterprise=locked.enterprise, team=team, by=by, now=now)
    locked.exit = locked.exit_reason = locked.exit_detail = ""
    locked.exited_on = locked.wake_on = None
    _prefill_next_action(locked, now or timezone.now())
    start_round(locked)
    moves.record_reopening(locked, by=by, at=now, reason=reason)
    return locked


def _lock_open(lead: Lead, by: User, expected: int | None) -> Lead:
    locked = concurrency.lock(Lead.objects.visible_to(by), lead.pk, expected)
    require_move(by, locked)
    if not locked.is_open:
        raise RuleViolation("closed", _("This lead has left the pipeline; reopen it first."))
    return locked


def _require_five(values: Mapping[str, Any]) -> None:
    for name in REQUIRED:
        value = values.get(name)
        if not (value.strip() if isinstance(value, str) else value):
            raise RuleViolation("required", _("This must be given to log a lead."), name)


def _company_of(values: Mapping[str, Any], team: TaskTeam, by: User) -> Registered:
    """The investor as a company on record, with the first contact person, whose number counts
    when the claim is judged."""
    company = {key: values[key] for key in COMPANY_FIELDS & values.keys() if values[key]}
    with named("name", "investor"):
        found = match_or_register(name=values["investor"], by=by, team=team, **company)
    if values.get("contact_name"):
        details = {"name": values["contact_name"], "phone": values.get("contact_phone", "")}
        with named("phone", "contact_phone"), named("name", "contact_name"):
            first_contact(enterprise=found.enterprise, team=team, values=details, by=by)
        if not found.is_new:
            refresh_leads_of(found.enterprise)
    elif values.get("contact_phone"):
        raise RuleViolation("contact_name", _("Enter whose number this is."), "contact_name")
    return found


def _refuse_sent_twice(lead: Lead, by: User) -> None:
    """A form that reaches us twice logs one lead; another project of the company has its name.

    The team is locked, so that of two at once the second finds the first. Only the person's own
    leads are looked at: others' may be hidden.
    """
    own = Lead.objects.open().filter(enterprise=lead.enterprise, chain=lead.chain, logged_by=by)
    known = own.filter(title=lead.title).first()
    if known:
        raise RuleViolation(
            "logged_before",
            _("This project of the company is logged already as %(number)s.")
            % {"number": known.number},
            "title",
        )


def _lock_team(chain: Chain) -> TaskTeam:
    """The chain's team, locked: two of its members who log one company at once wait in turn, so
    that the second finds the first one's company. Another team is stopped by the claim's keys."""
    team = TaskTeam.objects.select_for_update(no_key=True).filter(chain=chain).first()
    return team or _team_of(chain)


def _team_of(chain: Chain) -> TaskTeam:
    team = TaskTeam.objects.filter(chain=chain).first()
    if team is None:
        raise RuleViolation("no_team", _("This chain has no task team yet."), "chain")
    return team


def _check_people(by: User, owner: User, team: TaskTeam) -> None:
    """Leads are logged by and for the chain's own team; the coordination office may log too."""
    if not by.has_perm("leads.add_lead"):
        raise NotAllowed("not_allowed", _("You may not log leads."))
    rows = User.groups.through.objects.filter(group=team.group_id, user__in=[by, owner])
    members = set(rows.values_list("user", flat=True))
    if by.pk not in members and not sees_all(by):
        raise NotAllowed("not_your_chain", _("You can log leads for your own chain only."), "chain")
    if owner.pk not in members or not owner.is_active:
        raise RuleViolation("not_in_team", _("Choose a member of the chain's team."), "owner")


def _fill(lead: Lead, values: Mapping[str, Any], moment: datetime, was: date | None = None) -> None:
    fill(lead, LEAD_FIELDS, values)
    if lead.pk is None:
        lead.owner = values["owner"]
    check_columns(lead)
    today = timezone.localdate(moment)
    if lead.next_action_on != was:
        lead.due_revision += 1
        if lead.next_action_on:
            check_next_action(lead.next_action_on, today)
    _set_waiting(lead, values, today)
    _check_amounts(lead)
    _check_chains(lead, values)
    if lead.confidential and not lead.code_name:
        raise RuleViolation("code_name", _("A confidential lead needs a code name."), "code_name")
    lead.band = band_of(lead.investment, lead.currency, today)
    set_lead_search(lead)


def _set_waiting(lead: Lead, values: Mapping[str, Any], today: date) -> None:
    before = (lead.waiting_for, lead.waiting_detail)
    lead.waiting_for = values.get("waiting_for") or lead.waiting_for
    lead.waiting_detail = values.get("waiting_detail", lead.waiting_detail)
    if lead.pk is None or (lead.waiting_for, lead.waiting_detail) != before:
        lead.waiting_since = today


def _check_amounts(lead: Lead) -> None:
    for name in ("investment", "fixed_investment"):
        if getattr(lead, name) is not None and getattr(lead, name) <= 0:
            raise RuleViolation("amount", _("The amount must be above zero."), name)
    if lead.fixed_investment and lead.investment and lead.fixed_investment > lead.investment:
        raise RuleViolation(
            "fixed_above_total",
            _("Fixed investment cannot be above the total investment."),
            "fixed_investment",
        )


def _check_chains(lead: Lead, values: Mapping[str, Any]) -> None:
    if lead.segment and lead.segment.chain_id != lead.chain_id:
        raise RuleViolation("segment_chain", _("This segment belongs to another chain."), "segment")
    if lead.chain in values.get("secondary_chains", ()):
        raise RuleViolation(
            "primary_chain", _("This is the primary chain already."), "secondary_chains"
        )


def _prefill_next_action(lead: Lead, moment: datetime) -> None:
    today = timezone.localdate(moment)
    if lead.next_action_on is None or lead.next_action_on < today:
        schedule(lead, lead.next_action, next_action_date(lead.stage, lead.band, today))


def _changes_readers(lead: Lead, values: Mapping[str, Any]) -> bool:
    if not lead.confidential or "readers" not in values:
        return False
    before = set(lead.readers.values_list("pk", flat=True))
    return before != {reader.pk for reader in values["readers"]}


def _set_many(lead: Lead, values: Mapping[str, Any]) -> None:
    refuse_service_accounts(*values.get("readers", ()), field="readers")
    for field in MANY & values.keys():
        getattr(lead, field).set(values[field])


def _check_exit(exit: str, reason: str, detail: str, wake_on: date | None, today: date) -> None:
    if exit not in Exit.values:
        raise RuleViolation("exit", _("Choose the way out."), "exit")
    if exit == Exit.LOST and reason not in LossReason.values:
        raise RuleViolation("reason_missing", _("Choose why the lead was lost."), "reason")
    if exit == Exit.LOST and reason == LossReason.CHOSE_ANOTHER_PLACE and not detail.strip():
        raise RuleViolation("place_missing", _("Say which place was chosen."), "detail")
    if exit != Exit.LOST and not detail.strip():
        raise RuleViolation("reason_missing", _("Give the reason."), "detail")
    if exit == Exit.SHELVED and (wake_on is None or wake_on <= today):
        raise RuleViolation("wake_on", _("Give a day after today to wake the lead."), "wake_on")


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Give the reason."), "reason")


def _gate_message(target: Stage, missing: list[Any]) -> str:
    return _("Not yet possible to move to “%(stage)s”. Missing: %(items)s.") % {
        "stage": target.label,
        "items": _(", ").join(str(requirement.label) for requirement in missing),
    }
