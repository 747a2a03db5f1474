"""What each role may do. Groups are made from this table; code asks for permissions only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.utils import translation
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from kfq_crm.base.models import User

READ = ("view",)
WORK = ("view", "add", "change")
EDIT = (*WORK, "delete")
TAXONOMY = ("chain", "segment", "segmentlink", "anchorfirm", "gap", "outpost", "metric")
LISTS = ("targetcompany", "chainpolicy", "site")
TARGETS = ("annualtarget", "annualresult")
PIPELINE = (
    "enterprise",
    "contact",
    "lead",
    "followup",
    "blocker",
    "attachment",
    "screening",
    "departmentopinion",
    "jointreview",
    "contract",
    "commitment",
    "commitmentmeasure",
    "commitmentverdict",
    "lookback",
    "rectification",
    "landedproject",
    "milestone",
    "constructionpermit",
    "building",
    "progressreport",
    "plannedprogress",
    "outputperiod",
    "projectflag",
)
CLAIMS = ("claim", "rulingrequest", "ruling")
RECORDS = ("stagechange", "contractamountchange", "decision")
# Approvals: what is worked on, what is only read, what the coordination office sets up
APPROVALS = ("approvalplan", "approvalstep", "missingitem", "papertask", "stepfile", "steppaper")
APPROVAL_RECORDS = ("clockstop", "stepdependency", "stepevent")
APPROVAL_SETUP = ("approvaltemplate", "templatedependency", "templatepaper", "templatestep")
QUESTIONS = ("knowledgeentry", "question", "visit")
LIAISON = ("askinglink", "liaison")
QUESTION_RECORDS = (
    "extension",
    "feedback",
    "handover",
    "questioncategory",
    "questionevent",
    "questionfile",
)
QUESTION_RULES = (
    "linkrule",
    "questionlimit",
    "questionrule",
    "visitcadence",
    "visitwarning",
)
RULES = (
    "cadencerule",
    "capacityrule",
    "claimrule",
    "digestrule",
    "disclosurerule",
    "escalationstep",
    "lagrule",
    "lookbackrule",
    "pacerule",
    "progressrule",
    "responselimit",
    "scalethreshold",
    "servicepromise",
    "snoozerule",
    "stallrule",
    "worksterm",
)

MEMBER = "member"
CHAIN_LEADER = "chain_leader"
COORDINATION = "coordination_office"
SERVICE = "service_staff"
DEPARTMENT = "department_officials"
MAYORS_OFFICE = "mayors_office"
ADMINISTRATION = "administration"


def _codes(app: str, models: Iterable[str], verbs: Iterable[str]) -> set[tuple[str, str]]:
    return {(app, f"{verb}_{model}") for model in models for verb in verbs}


READING = (
    _codes("chains", (*TAXONOMY, *LISTS, *TARGETS, "taskteam", "teammembership"), READ)
    | _codes("leads", (*PIPELINE, *CLAIMS, *RECORDS), READ)
    | _codes("services", ("department", *APPROVALS, *APPROVAL_RECORDS, *APPROVAL_SETUP), READ)
    | _codes("services", (*QUESTIONS, *LIAISON, *QUESTION_RECORDS), READ)
    | {("base", "view_calendarday")}
)
# People who help an enterprise through, and a team for its own projects
HANDLING = _codes("services", (*APPROVALS, "question", "visit"), WORK)
SERVING = (
    READING
    | HANDLING
    | _codes("services", (*QUESTIONS, *LIAISON), WORK)
    | {
        ("services", "appoint_liaison"),
        ("services", "direct_questions"),
        ("services", "see_all_services"),
        ("services", "decide_for_departments"),
    }
)
# People of a department: their own steps, and what stands around them in the plan
DEPARTMENTAL = (
    _codes("services", ("department", *APPROVALS, *APPROVAL_RECORDS), READ)
    | _codes("services", ("approvalstep", "papertask", "stepfile"), WORK)
    | _codes("services", QUESTION_RECORDS, READ)
    | _codes("services", QUESTIONS, WORK)
    | {("base", "view_calendarday")}
)
MEMBERS = (
    READING
    | HANDLING
    | _codes("leads", (*PIPELINE, "rulingrequest"), WORK)
    | _codes("chains", LISTS, WORK)
    | {("leads", "export_leads"), ("base", "add_apitoken"), ("base", "view_apitoken")}
)
COORDINATORS = (
    MEMBERS
    | SERVING
    | _codes("services", ("department", *APPROVAL_SETUP), EDIT)
    | _codes("services", ("deemedrule", "questioncategory", *QUESTION_RULES), WORK)
    | {("services", "settle_objections")}
    | _codes("chains", (*TAXONOMY, *TARGETS, "taskteam", "teammembership"), WORK)
    | _codes("leads", RULES, WORK)
    | _codes("base", ("calendarday", "absence"), EDIT)
    | _codes("base", ("quiethours",), WORK)
    | {
        ("chains", "see_all_teams"),
        ("leads", "reassign_leads"),
        ("leads", "rule_on_claims"),
        ("leads", "add_ruling"),
        ("leads", "view_digest"),
        ("leads", "list_digests"),
        ("leads", "get_zone_digest"),
        ("leads", "change_digest"),
        ("base", "view_accessentry"),
    }
)
# Runs the system, reads nobody's leads: not a superuser, who would pass every check.
ADMINISTRATORS = (
    _codes("base", ("user",), WORK)
    | _codes("base", ("accessentry", "sweeprun"), READ)
    | _codes("base", ("calendarday", "absence"), EDIT)
    | _codes("base", ("quiethours",), WORK)
    | {("base", "view_outgoingmail"), ("base", "change_outgoingmail")}
    | {("base", "view_apitoken"), ("base", "keep_api_tokens")}
    | _codes("base", ("apirule", "feedrule"), WORK)
    | _codes("chains", (*TAXONOMY, *TARGETS, "taskteam", "teammembership"), WORK)
    | _codes("leads", RULES, WORK)
    | {("leads", "list_digests"), ("leads", "view_digest"), ("leads", "change_digest")}
)
ROLES = {
    MEMBER: MEMBERS,
    CHAIN_LEADER: READING | {("leads", "view_digest")},
    COORDINATION: COORDINATORS,
    SERVICE: SERVING,
    DEPARTMENT: DEPARTMENTAL,
    MAYORS_OFFICE: READING,
    ADMINISTRATION: ADMINISTRATORS,
}
# An administrator sees and assigns these groups, so their names are in the site's language.
GROUP_NAMES = {
    CHAIN_LEADER: pgettext_lazy("group of people", "chain leaders"),
    COORDINATION: pgettext_lazy("group of people", "coordination office"),
    SERVICE: pgettext_lazy("group of people", "service staff"),
    DEPARTMENT: pgettext_lazy("group of people", "department officials"),
    MAYORS_OFFICE: pgettext_lazy("group of people", "mayor's office"),
    ADMINISTRATION: pgettext_lazy("group of people", "system administrators"),
}


def grant_mayors_office(account: User) -> None:
    """The account that the mayor's office's own system acts as: its role, and all teams' work.

    To see all teams is given to this account, not to the role: people of that office who sign in
    here see what they always saw, and what the program reads is cut down field by field.
    """
    see_all = Permission.objects.get(codename="see_all_teams", content_type__app_label="chains")
    account.groups.set([role_group(MAYORS_OFFICE)])
    account.user_permissions.set([see_all])


def permissions_of(role: str) -> list[Permission]:
    """The permissions of a role, in one query."""
    wanted = ROLES[role]
    named = Permission.objects.filter(codename__in={codename for _app, codename in wanted})
    rows = named.select_related("content_type")
    return [row for row in rows if (row.content_type.app_label, row.codename) in wanted]


def role_group(role: str) -> Group:
    """The Group of a role that is no team's, made or brought up to date.

    It is named in the site's language, whatever language the one who runs this reads.
    """
    with translation.override(settings.LANGUAGE_CODE):
        name = str(GROUP_NAMES[role])
    group, _made = Group.objects.get_or_create(name=name)
    group.permissions.set(permissions_of(role))
    return group
