"""The page of one lead: where it stands, what is missing, what happened, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import add_violation
from kfq_crm.base.history import revisions
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import visible
from kfq_crm.base.workdays import WorkCalendar
from leads.actions.decisions import leads_chain_of
from leads.actions.entries import log_follow_up_with_files
from leads.actions.followups import SentBefore
from leads.admin.followup_form import FollowUpForm
from leads.admin.lead_reminders import answer_owed, tellings
from leads.admin.places import LinkedRequirement, place_of
from leads.admin.timeline import Dossier, stream
from leads.models import Claim, ClaimState, Contact, FollowUp, Lead
from leads.permissions import NotAllowed, Rights, rights_over
from leads.queries import facts_from, signed_agreement
from leads.rulebook import stall_limits
from leads.stages import ORDER, Stage, checklist, next_stage

TABS = {
    "overview": gettext_lazy("Overview (tab)"),
    "contracts": gettext_lazy("Contracts (tab)"),
    "needs": gettext_lazy("Needs (tab)"),
    "history": gettext_lazy("History (tab)"),
}
RELATED = (
    "enterprise",
    "chain",
    "segment",
    "owner",
    "outpost",
    "first_talk_team",
    "logged_by",
    "claim__team",
)
NEEDS = ("land_mu", "plant_m2", "energy_tce", "emissions", "talent_need", "fund")
CARDS = {
    "yellow": ("amber", gettext_lazy("yellow card: no progress for long")),
    "red": ("red", gettext_lazy("red card: no progress for very long")),
    "off_list": ("red", gettext_lazy("to be taken off the list: no progress")),
}


def lead_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a lead; sending the entry box logs a follow-up."""
    lead = _visible_lead(request, pk)
    rights = rights_over(request.user, lead)  # type: ignore[arg-type]  # the admin lets nobody else in
    calendar = current_calendar()
    if request.method == "POST":
        return _log(request, lead, rights, calendar)
    form = FollowUpForm(lead=lead, calendar=calendar) if rights.work else None
    return _render(request, lead, rights, calendar, form)


def _visible_lead(request: HttpRequest, pk: int) -> Lead:
    talks = FollowUp.objects.filter(lead=OuterRef("pk"), two_way=True)
    rows = visible(Lead, request.user).select_related(*RELATED).annotate(talked=Exists(talks))
    lead = rows.filter(pk=pk).first()
    if lead is None:
        raise Http404
    return lead


def _log(request: HttpRequest, lead: Lead, rights: Rights, calendar: WorkCalendar) -> HttpResponse:
    if not rights.work:
        raise PermissionDenied
    form = FollowUpForm(request.POST, request.FILES, lead=lead)
    if form.is_valid():
        try:
            log_follow_up_with_files(
                lead=lead,
                values=form.values(),
                uploads=form.uploads,
                by=request.user,  # type: ignore[arg-type]  # the admin lets nobody else in
                sent_as=form.number,
            )
        except NotAllowed as refused:
            raise PermissionDenied from refused
        except Lead.DoesNotExist as gone:
            raise Http404 from gone
        except SentBefore as violation:
            form.refuse_sent_before(violation)
        except RuleViolation as violation:
            add_violation(form, violation)
        else:
            messages.success(request, _("The follow-up is logged."))
            return HttpResponseRedirect(reverse("admin:leads_lead_page", args=[lead.pk]))
    return _render(request, lead, rights, calendar, form)


def _render(
    request: HttpRequest,
    lead: Lead,
    rights: Rights,
    calendar: WorkCalendar,
    form: FollowUpForm | None,
) -> HttpResponse:
    tab = request.GET.get("tab", "overview")
    if tab not in TABS:
        raise Http404
    today = timezone.localdate()
    dossier = Dossier.of(lead)
    context = {
        **_head(lead, calendar, today),
        "lead": lead,
        "rights": rights,
        "tab": tab,
        "tabs": TABS,
        "steps": steps(lead, dossier.moves),
        "gate": gate_of(lead, dossier),
        "form": form,
        "media": form.media if form and tab == "overview" else None,
        "calendar": calendar,
        "owed": answer_owed(lead, calendar, today),
        **_tab(tab, request, lead, dossier),
        **({"tellings": tellings(lead)} if tab == "history" and rights.work else {}),
    }
    return office_page(request, f"leads/lead_{tab}.html", str(lead), context)


def _tab(tab: str, request: HttpRequest, lead: Lead, dossier: Dossier) -> dict[str, Any]:
    if tab == "contracts":
        return {"contracts": dossier.contracts}
    if tab == "history":
        return {
            "moves": dossier.moves,
            "revisions": revisions(lead, frozenset()),
        }
    if tab == "needs":
        return {"opinions": dossier.opinions, "screening": next(iter(dossier.screenings), None)}
    return {
        "stream": stream(dossier, request.GET.get("before", "")),
        **_blockers(request, lead, dossier),
        "contacts": _contacts(request, lead),
        "has_needs": any(getattr(lead, name) for name in NEEDS),
        "secondary_chains": list(lead.secondary_chains.all()),
        "readers": list(lead.readers.all()) if lead.confidential else [],
    }


def _blockers(request: HttpRequest, lead: Lead, dossier: Dossier) -> dict[str, Any]:
    """With their questions to the leader, who is offered to answer them."""
    rows = list(lead.blockers.select_related("owner").order_by("resolved_on", "due_on"))
    for row in rows:
        row.asked = [d for d in dossier.decisions if d.blocker_id == row.pk and not d.withdrawn_at]  # type: ignore[attr-defined]  # shown below the row
        row.is_asked = any(question.is_waiting for question in row.asked)  # type: ignore[attr-defined]  # as above
    answers = bool(dossier.decisions) and leads_chain_of(request.user, dossier.decisions[0])  # type: ignore[arg-type]  # signed in
    return {"blockers": rows, "answers": answers}


# --- Head -----------------------------------------------------------------------------------


def _head(lead: Lead, calendar: WorkCalendar, today: date) -> dict[str, Any]:
    return {
        "waiting_days": max(0, calendar.workdays_between(lead.waiting_since, today)),
        "claim_view": claim_view(lead.claim, lead.last_progress_on, today),
        "card": _card(lead, today),
    }


def _card(lead: Lead, today: date) -> tuple[str, Any] | None:
    limits = stall_limits(today) if lead.is_open else None
    if limits is None:
        return None
    since = lead.last_progress_on or timezone.localdate(lead.created_at)
    return CARDS.get(limits.card(since))


@dataclass(frozen=True)
class ClaimView:
    """The claim with its colour and the word that goes with it."""

    claim: Claim
    colour: str
    word: str


def claim_view(claim: Claim | None, progress_on: date | None, today: date) -> ClaimView | None:
    """Waning in the last third of its time, red once it has ended or passed its day."""
    if claim is None:
        return None
    if claim.state != ClaimState.ACTIVE:
        return ClaimView(claim, "red", str(claim.get_state_display()))
    if claim.lapses_on < today:
        return ClaimView(claim, "red", _("past its day"))
    begun = max(claim.claimed_on, progress_on or claim.claimed_on)
    left, whole = claim.lapses_on - today, claim.lapses_on - begun
    if 3 * left <= whole:
        return ClaimView(claim, "amber", _("waning"))
    return ClaimView(claim, "green", str(claim.get_state_display()))


# --- Stepper and gate -----------------------------------------------------------------------


@dataclass
class Step:
    """One stage of the stepper: when it was entered, how long the lead stood in it."""

    stage: Stage
    state: str = ""
    entered_on: date | None = None
    spent: timedelta | None = None


def steps(lead: Lead, moves: list[Any]) -> list[Step]:
    """The five stages with dates and days, from the record of moves (newest first)."""
    found = {stage: Step(stage) for stage in ORDER}
    for move in reversed(moves):
        if move.time_in_stage is not None and move.from_stage:
            left = found[Stage(move.from_stage)]
            left.spent = (left.spent or timedelta()) + move.time_in_stage
        if move.kind != "exited":
            found[Stage(move.to_stage)].entered_on = timezone.localdate(move.moved_at)
    now = ORDER.index(Stage(lead.stage))
    for place, step in enumerate(found.values()):
        step.state = "is-done" if place < now else "is-now" if place == now else ""
        if place > now:
            step.entered_on = None
    if lead.is_open:
        current = found[Stage(lead.stage)]
        current.spent = (current.spent or timedelta()) + (timezone.now() - lead.stage_entered_at)
    return list(found.values())


@dataclass(frozen=True)
class Gate:
    """What the next stage asks for, line by line."""

    target: Stage
    lines: list[LinkedRequirement]

    @property
    def is_open(self) -> bool:
        return all(line.is_met for line in self.lines)

    @property
    def lacking(self) -> int:
        return sum(not line.is_met for line in self.lines)


def gate_of(lead: Lead, dossier: Dossier) -> Gate | None:
    """None for a lead that is signed or has left the pipeline."""
    target = next_stage(lead.stage) if lead.is_open else None
    if target is None:
        return None
    facts = facts_from(
        lead,
        verdict=dossier.screenings[0].verdict if dossier.screenings else "",
        talked=lead.talked,  # type: ignore[attr-defined]  # annotated by _visible_lead
        departments={opinion.department for opinion in dossier.opinions},
        has_minutes=bool(dossier.reviews),
        contracts=dossier.contracts,
    )
    agreement = signed_agreement(dossier.contracts)
    lines = [
        LinkedRequirement(item.label, place_of(item, lead, agreement), met)
        for item, met in checklist(target, facts)
    ]
    return Gate(target, lines)


# --- Side column ----------------------------------------------------------------------------


def _contacts(request: HttpRequest, lead: Lead) -> list[Mapping[str, Any]]:
    people = visible(Contact, request.user).filter(enterprise=lead.enterprise_id)
    return [
        {
            "person": person,
            "phone": person.phone_for(request.user),
            "is_masked": bool(person.phone) and person.owner_id != request.user.pk,
        }
        for person in people.select_related("owner")[:20]
    ]


admin.site.add_page("leads/lead/<int:pk>/page/", lead_page, "leads_lead_page")
