"""What each role may do. Groups are made from this table; code asks for permissions only."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

READ = ("view",)
WORK = ("view", "add", "change")
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
    "landedproject",
    "milestone",
)
CLAIMS = ("claim", "rulingrequest", "ruling")
RECORDS = ("stagechange", "contractamountchange")
RULES = ("cadencerule", "claimrule", "scalethreshold", "stallrule")

MEMBER = "member"
CHAIN_LEADER = "chain_leader"
COORDINATION = "coordination_office"
SERVICE = "service_staff"
MAYORS_OFFICE = "mayors_office"


def _codes(app: str, models: Iterable[str], verbs: Iterable[str]) -> set[tuple[str, str]]:
    return {(app, f"{verb}_{model}") for model in models for verb in verbs}


READING = (
    _codes("chains", (*TAXONOMY, *LISTS, *TARGETS, "taskteam", "teammembership"), READ)
    | _codes("leads", (*PIPELINE, *CLAIMS, *RECORDS), READ)
    | {("base", "view_calendarday")}
)
MEMBERS = (
    READING
    | _codes("leads", (*PIPELINE, "rulingrequest"), WORK)
    | _codes("chains", LISTS, WORK)
    | {("leads", "export_leads")}
)
COORDINATORS = (
    MEMBERS
    | _codes("chains", (*TAXONOMY, *TARGETS, "taskteam", "teammembership"), WORK)
    | _codes("leads", RULES, WORK)
    | {("base", f"{verb}_calendarday") for verb in (*WORK, "delete")}
    | {
        ("chains", "see_all_teams"),
        ("leads", "reassign_leads"),
        ("leads", "rule_on_claims"),
        ("leads", "add_ruling"),
        ("base", "view_accessentry"),
    }
)
ROLES = {
    MEMBER: MEMBERS,
    CHAIN_LEADER: READING,
    COORDINATION: COORDINATORS,
    SERVICE: READING,
    MAYORS_OFFICE: READING,
}
# Groups are rows that an administrator sees; their names are data, in the users' language.
GROUP_NAMES = {
    CHAIN_LEADER: "chain leaders",
    COORDINATION: "coordination office",
    SERVICE: "service staff",
    MAYORS_OFFICE: "mayor's office",
}


def permissions_of(role: str) -> QuerySet[Permission]:
    """The permissions of a role, in one query."""
    condition = Q(pk__in=[])
    for app, codename in ROLES[role]:
        condition |= Q(content_type__app_label=app, codename=codename)
    return Permission.objects.filter(condition)


def role_group(role: str) -> Group:
    """The Group of a role that is no team's, made or brought up to date."""
    group, _made = Group.objects.get_or_create(name=GROUP_NAMES[role])
    group.permissions.set(permissions_of(role))
    return group
