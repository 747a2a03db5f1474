"""The sidebar: navigation by work, not by table; only links that this person may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.expressions import capped_counts
from kfq_crm.base.mail_reading import MANAGE
from kfq_crm.base.models import OutgoingMail
from kfq_crm.base.own_panels import FAILED
from kfq_crm.overview.queries.piles import capped_text
from kfq_crm.overview.queries.workbench import overdue_mine, rulings_waiting
from leads.models import Rectification, RectificationState
from leads.models.claim import RULE
from leads.reminders.inbox import unread
from services.approval_queries import late_mine
from services.question_queries import late_questions

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise

CAP = 99
MANAGES = "chains.change_taskteam"


@dataclass(frozen=True)
class Page:
    """A link to a page of our own, with the permission that opens it ("" for everybody)."""

    title: _StrPromise
    icon: str
    route: str
    permission: str = ""
    counter: str = ""


@dataclass(frozen=True)
class List:
    """A link to the list of a model; its admin says who may open it."""

    title: _StrPromise
    icon: str
    model: str
    counter: str = ""

    @property
    def route(self) -> str:
        return f"admin:{self.model.replace('.', '_')}_changelist"


@dataclass(frozen=True)
class Section:
    title: _StrPromise | None
    links: tuple[Page | List, ...]
    permission: str = ""


SECTIONS = (
    Section(
        None,
        (
            Page(_("Workbench"), "space_dashboard", "admin:workbench"),
            Page(_("Quick log"), "edit_note", "admin:quick_log", "leads.add_followup"),
            List(_("Leads (navigation)"), "travel_explore", "leads.lead", "overdue"),
            Page(_("Messages"), "inbox", "admin:inbox", counter="unread"),
        ),
    ),
    Section(
        _("Signing and landing"),
        (
            List(_("Contracts (navigation)"), "contract", "leads.contract"),
            List(_("Landed projects (navigation)"), "factory", "leads.landedproject"),
            List(_("Promises (navigation)"), "handshake", "leads.commitment"),
            List(_("Look-backs (navigation)"), "fact_check", "leads.lookback"),
            List(
                _("Rectification (navigation)"),
                "build",
                "leads.rectification",
                "rectifications_due",
            ),
        ),
    ),
    Section(
        _("Enterprises and contacts"),
        (
            List(_("Enterprises (navigation)"), "domain", "leads.enterprise"),
            List(_("Contacts (navigation)"), "contacts", "leads.contact"),
        ),
    ),
    Section(
        _("Chains and lists"),
        (
            Page(
                _("Industry chains (navigation)"),
                "hub",
                "admin:chains_overview",
                "chains.view_chain",
            ),
            List(_("Task teams (navigation)"), "groups", "chains.taskteam"),
            List(_("Target companies (navigation)"), "target", "chains.targetcompany"),
            List(_("Policies (navigation)"), "policy", "chains.chainpolicy"),
            List(_("Sites (navigation)"), "location_on", "chains.site"),
            List(_("Annual targets (navigation)"), "flag", "chains.annualtarget"),
        ),
    ),
    Section(
        _("Claims and rulings"),
        (
            List(_("Claims (navigation)"), "verified_user", "leads.claim"),
            List(_("Requests for rulings"), "gavel", "leads.rulingrequest", "rulings"),
            List(_("Rulings (navigation)"), "balance", "leads.ruling"),
        ),
    ),
    Section(
        _("Services (navigation)"),
        (
            List(
                _("Questions (navigation)"),
                "contact_support",
                "services.question",
                "late_questions",
            ),
            List(_("Approval plans (navigation)"), "account_tree", "services.approvalplan"),
            List(_("My steps (navigation)"), "task_alt", "services.approvalstep", "late_steps"),
            List(_("Promised papers (navigation)"), "pending_actions", "services.missingitem"),
            List(_("Feedback (navigation)"), "reviews", "services.feedback"),
            Page(
                _("On time (navigation)"),
                "avg_pace",
                "admin:services_timeliness",
                "services.see_all_services",
            ),
            List(_("Liaison (navigation)"), "handshake", "services.liaison"),
            List(_("Knowledge (navigation)"), "menu_book", "services.knowledgeentry"),
        ),
    ),
    Section(
        _("Messages (navigation)"),
        (
            Page(_("My messages (navigation)"), "mail", "admin:own_messages"),
            List(_("Absences (navigation)"), "event_busy", "base.absence"),
        ),
    ),
    Section(
        _("Programs"),
        (
            List(_("Access tokens (navigation)"), "key", "base.apitoken"),
            Page(_("Programming interface (navigation)"), "api", "api:docs", "base.view_apitoken"),
        ),
    ),
    Section(
        _("Reports (navigation)"),
        (List(_("Weekly digests (navigation)"), "newsmode", "leads.digest"),),
    ),
    Section(
        _("Management"),
        (
            List(_("People (navigation)"), "badge", "base.user"),
            List(_("Roles and groups"), "group_work", "auth.group"),
            List(_("Follow-up cadences"), "update", "leads.cadencerule"),
            List(_("Claim rules (navigation)"), "timer", "leads.claimrule"),
            List(_("Look-backs (rule)"), "event_upcoming", "leads.lookbackrule"),
            List(_("Pace of promises (rule)"), "speed", "leads.pacerule"),
            List(_("Months without progress"), "hourglass", "leads.stallrule"),
            List(_("Weekly digest (rule)"), "event_repeat", "leads.digestrule"),
            List(_("Confidential leads in figures"), "visibility_off", "leads.disclosurerule"),
            List(_("Response limits (navigation)"), "alarm", "leads.responselimit"),
            List(_("Escalation (navigation)"), "stairs", "leads.escalationstep"),
            List(_("Putting off (navigation)"), "snooze", "leads.snoozerule"),
            List(_("Scale thresholds (navigation)"), "straighten", "leads.scalethreshold"),
            List(_("Service promises (navigation)"), "handshake", "leads.servicepromise"),
            List(_("Construction behind plan (rule)"), "traffic", "leads.lagrule"),
            List(_("Progress reports (rule)"), "fact_check", "leads.progressrule"),
            List(_("Full capacity (rule)"), "speed", "leads.capacityrule"),
            List(_("Kinds of works (navigation)"), "construction", "leads.worksterm"),
            List(_("Departments (navigation)"), "apartment", "services.department"),
            List(_("Approval templates (navigation)"), "schema", "services.approvaltemplate"),
            List(_("Approval by default (rule)"), "timer_off", "services.deemedrule"),
            List(_("Limits of questions (rule)"), "hourglass_top", "services.questionlimit"),
            List(_("Closing of questions (rule)"), "star_rate", "services.questionrule"),
            List(_("Links of enterprises (rule)"), "link", "services.linkrule"),
            List(_("Categories of questions"), "category", "services.questioncategory"),
            List(_("Liaison visits (rule)"), "directions_walk", "services.visitcadence"),
            List(_("Too many visits (rule)"), "do_not_disturb_on", "services.visitwarning"),
            List(_("Working-day calendar"), "calendar_month", "base.calendarday"),
            List(_("Quiet hours (navigation)"), "bedtime", "base.quiethours"),
            List(_("Rules for tokens (navigation)"), "vpn_key", "base.apirule"),
            List(_("Change feed (rule)"), "sync", "base.feedrule"),
            Page(_("Segment tree"), "account_tree", "admin:segment_tree", "chains.view_segment"),
            List(_("Gaps (navigation)"), "extension", "chains.gap"),
            List(_("Anchor firms (navigation)"), "anchor", "chains.anchorfirm"),
            List(_("Links between segments (navigation)"), "share", "chains.segmentlink"),
            List(_("Outposts (navigation)"), "pin_drop", "chains.outpost"),
            List(_("Metrics (navigation)"), "functions", "chains.metric"),
            List(_("Annual results (navigation)"), "history_edu", "chains.annualresult"),
            List(_("Access log (navigation)"), "policy", "base.accessentry"),
            List(_("Outgoing mail (navigation)"), "outbox", "base.outgoingmail", "failed_mail"),
            Page(
                _("Operations (navigation)"),
                "monitor_heart",
                "admin:operations",
                "base.view_sweeprun",
            ),
        ),
        permission=MANAGES,
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links in unfold's SIDEBAR format; empty groups are left out."""
    if not request.user.is_authenticated:
        return []
    groups: list[dict[str, Any]] = []
    for section in SECTIONS:
        if section.permission and not request.user.has_perm(section.permission):
            continue
        items = [item for link in section.links if (item := _item(request, link))]
        if items:
            folds = section.permission != ""
            groups.append(
                {
                    "title": section.title,
                    "items": items,
                    "separator": bool(groups),
                    "collapsible": folds,
                }
            )
    return groups


def _item(request: HttpRequest, link: Page | List) -> dict[str, Any] | None:
    if not _may_open(request, link):
        return None
    try:
        address = reverse(link.route)
    except NoReverseMatch:
        return None
    item = {
        "title": link.title,
        "icon": link.icon,
        "link": address,
        "active": _is_active(request.path, address),
    }
    waiting = counters(request).get(link.counter, 0)
    if waiting:
        item |= {"badge": capped_text(waiting, CAP), "badge_variant": "danger"}
    return item


def _may_open(request: HttpRequest, link: Page | List) -> bool:
    if isinstance(link, Page):
        return not link.permission or request.user.has_perm(link.permission)
    for model, model_admin in admin.site._registry.items():
        if model._meta.label_lower == link.model:
            return bool(model_admin.has_view_or_change_permission(request))
    return False


def _is_active(path: str, address: str) -> bool:
    """The workbench's address begins every other one, so it must be met exactly."""
    return path == address or (address != reverse("admin:index") and path.startswith(address))


def counters(request: HttpRequest) -> dict[str, int]:
    """What waits for the person, asked once a request in one query; capped."""
    known: dict[str, int] | None = getattr(request, "_navigation_counters", None)
    if known is None:
        known = _count(request)
        request._navigation_counters = known  # type: ignore[attr-defined]  # kept for this request
    return known


def _count(request: HttpRequest) -> dict[str, int]:
    user: Any = request.user
    today = timezone.localdate()
    waiting: dict[str, Any] = {"unread": unread(user, today)}
    if user.has_perm("leads.change_lead"):
        waiting["overdue"] = overdue_mine(user, today)
        waiting["rectifications_due"] = Rectification.objects.visible_to(user).filter(
            owner=user, state=RectificationState.OPEN, due_on__lte=today
        )
    if user.has_perm("services.change_approvalstep"):
        waiting["late_steps"] = late_mine(user, today)
    if user.has_perm("services.change_question"):
        waiting["late_questions"] = late_questions(user, today)
    if user.has_perm(RULE):
        waiting["rulings"] = rulings_waiting(user)
    if user.has_perm(MANAGE):
        waiting["failed_mail"] = OutgoingMail.objects.filter(state__in=FAILED)
    return capped_counts(user, waiting, CAP)
