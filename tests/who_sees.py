"""Who of the cast sees which rows of each model in the world of tests/world.py, as exact sets.

A row of services is asked about in a world of its own: tests/services/**/test_visible*.py.
"""

from django.db import models

from chains import models as chains_models
from chains.models import AnnualTarget, ChainPolicy, Metric, Site, TargetCompany, TaskTeam
from kfq_crm.base.models import (
    Absence,
    AccessChainHead,
    AccessEntry,
    ApiRule,
    ApiToken,
    CalendarDay,
    Change,
    ChannelPreference,
    FeedMark,
    FeedRule,
    FeedSequence,
    HandOver,
    MailAttachment,
    OutgoingMail,
    QuietHours,
    RepeatableWrite,
    SweepRun,
    User,
)
from leads import models as leads_models
from leads.models import (
    Attachment,
    Blocker,
    Building,
    Claim,
    ClaimKey,
    Commitment,
    ConstructionPermit,
    Contact,
    Contract,
    ContractAmountChange,
    DepartmentOpinion,
    Enterprise,
    FollowUp,
    JointReview,
    LandedProject,
    Lead,
    Milestone,
    OutputPeriod,
    PlannedProgress,
    ProgressReport,
    ProjectFlag,
    Ruling,
    RulingRequest,
    Screening,
    StageChange,
)

# --- Leads ----------------------------------------------------------------------------------

OPEN_A = {"plain", "shared", "first", "ruled"}
SECRET_A = {"secret", "secret_shared", "secret_office"}
ALL_LEADS = OPEN_A | SECRET_A | {"other", "secret_other"}

LEADS = {
    "member_a": OPEN_A | {"secret"},
    "second_member_a": OPEN_A | {"secret_shared", "secret_office"},
    "head_a": OPEN_A | SECRET_A,
    "member_b": {"shared", "first", "other", "secret_shared", "secret_other"},
    "head_b": {"shared", "first", "other", "secret_other"},
    "coordinator": OPEN_A | {"other", "secret_office"},
    "chain_leader_a": OPEN_A,
    "superuser": ALL_LEADS,
}
# A row of each of these belongs to a lead and is seen exactly with it: model, path to the title
WITH_THEIR_LEAD: dict[type[models.Model], str] = {
    Lead: "title",
    StageChange: "lead__title",
    FollowUp: "lead__title",
    Blocker: "lead__title",
    Attachment: "lead__title",
    Screening: "lead__title",
    DepartmentOpinion: "lead__title",
    JointReview: "lead__title",
    Contract: "lead__title",
    ContractAmountChange: "contract__lead__title",
    Commitment: "contract__lead__title",
    leads_models.CommitmentMeasure: "commitment__contract__lead__title",
    leads_models.CommitmentVerdict: "commitment__contract__lead__title",
    leads_models.LookBack: "contract__lead__title",
    leads_models.Rectification: "commitment__contract__lead__title",
    leads_models.Decision: "blocker__lead__title",
}

# One's own, those of the chain that one heads, all for who runs the system or the office
DIGESTS = {
    "chain_leader_a": {"2026-W47"},
    "head_a": {"2026-W47"},
    "outsider": {"2026-W46"},
    "head_b": {"2026-W46"},
    "coordinator": {"2026-W45", "2026-W46", "2026-W47"},
    "administrator": {"2026-W45", "2026-W46", "2026-W47"},
    "superuser": {"2026-W45", "2026-W46", "2026-W47"},
}

# --- Everything else: model, path to the name, who sees which names --------------------------

TEAM_A = ("member_a", "second_member_a", "head_a", "chain_leader_a")
TEAM_B = ("member_b", "head_b")
EVERYBODY = (*TEAM_A, *TEAM_B, "coordinator", "outsider", "administrator", "service", "superuser")


def by_team(a: set[str], b: set[str], rest: set[str] | None = None) -> dict[str, set[str]]:
    """Team A sees a, team B sees b, who sees all sees both and the rest."""
    everything = a | b | (rest or set())
    return {
        **dict.fromkeys(TEAM_A, a),
        **dict.fromkeys(TEAM_B, b),
        **dict.fromkeys(("coordinator", "superuser"), everything),
    }


def to_all(names: set[str]) -> dict[str, set[str]]:
    return dict.fromkeys(EVERYBODY, names)


def plus(seen: dict[str, set[str]], more: dict[str, set[str]]) -> dict[str, set[str]]:
    return {who: seen.get(who, set()) | more.get(who, set()) for who in {*seen, *more}}


# The company of `secret_other` was registered by team A before team B logged its lead: team A
# goes on seeing what it registered, and learns nothing of the lead.
COMPANIES = plus(
    plus(LEADS, to_all({"public"})), by_team({"own", "secret_other"}, set(), {"nobody's"})
)
CONTACTS = {
    who: names - ({"other", "secret_other"} if who in TEAM_A else set())
    for who, names in LEADS.items()
} | {"member_b": {"other", "secret_other"}, "head_b": {"other", "secret_other"}}
# A team sees its own claims. A ruling was asked for on `secret`: whoever rules sees that claim.
A_CLAIMS = {who: LEADS[who] for who in TEAM_A}
CLAIMS = A_CLAIMS | {
    "member_b": {"other", "secret_other", "ruled to B"},
    "head_b": {"other", "secret_other", "ruled to B"},
    "coordinator": LEADS["coordinator"] | {"secret", "ruled to B"},
    "superuser": ALL_LEADS | {"ruled to B"},
}
# An ended claim holds nothing
KEYS = {who: names - {"ruled"} for who, names in CLAIMS.items()}
REQUESTS = by_team(set(), {"plain", "secret", "ruled"})
# Whoever names the people of teams sees the teams, and nothing of their work.
TEAMS = by_team({"aerospace"}, {"new-materials"})
MEMBERS = by_team({"head_a", "member_a", "second_member_a", "disabled"}, {"head_b", "member_b"})
PROJECTS = plus(LEADS, by_team({"report"}, set(), {"report without a chain"}))

EXPECTED: dict[type[models.Model], tuple[str, dict[str, set[str]]]] = {
    **{model: (path, LEADS) for model, path in WITH_THEIR_LEAD.items()},
    Enterprise: ("note", COMPANIES),
    Contact: ("note", CONTACTS),
    Claim: ("enterprise__note", CLAIMS),
    ClaimKey: ("claim__enterprise__note", KEYS),
    RulingRequest: ("grounds", REQUESTS),
    Ruling: ("reasons", by_team({"ruled"}, {"ruled"})),
    LandedProject: ("name", PROJECTS),
    Milestone: ("project__name", PROJECTS),
    ConstructionPermit: ("project__name", PROJECTS),
    Building: ("project__name", PROJECTS),
    ProgressReport: ("project__name", PROJECTS),
    PlannedProgress: ("project__name", PROJECTS),
    OutputPeriod: ("project__name", PROJECTS),
    ProjectFlag: ("project__name", PROJECTS),
    TargetCompany: ("name", by_team({"a"}, {"b"})),
    ChainPolicy: ("title", by_team({"a"}, {"b"})),
    Site: ("label", by_team({"a"}, {"b"})),
    TaskTeam: ("chain__code", plus(TEAMS, {"administrator": {"aerospace", "new-materials"}})),
    chains_models.TeamMembership: (
        "user__username",
        plus(MEMBERS, {"administrator": MEMBERS["superuser"]}),
    ),
    AnnualTarget: (
        "source",
        plus(to_all({"zone"}), by_team({"chain a", "team a"}, {"chain b", "team b"})),
    ),
    # What everybody on the staff may read
    chains_models.Chain: ("code", to_all({"aerospace", "new-materials"})),
    chains_models.Segment: ("code", to_all({"engines"})),
    chains_models.SegmentLink: ("note", to_all({"link"})),
    chains_models.AnchorFirm: ("name", to_all({"anchor"})),
    chains_models.Gap: ("description", to_all({"gap"})),
    chains_models.Outpost: ("name", to_all({"outpost"})),
    Metric: ("code", to_all({"signings"})),
    chains_models.AnnualResult: ("source", to_all({"result"})),
    CalendarDay: ("label", to_all({"holiday"})),
    leads_models.CadenceRule: ("published", to_all({"rule"})),
    leads_models.ClaimRule: ("published", to_all({"rule"})),
    leads_models.ScaleThreshold: ("published", to_all({"rule"})),
    leads_models.StallRule: ("published", to_all({"rule"})),
    leads_models.DigestRule: ("published", to_all({"rule"})),
    leads_models.DisclosureRule: ("published", to_all({"rule"})),
    leads_models.LookBackRule: ("published", to_all({"rule"})),
    leads_models.PaceRule: ("published", to_all({"rule"})),
    leads_models.ResponseLimit: ("published", to_all({"rule"})),
    leads_models.EscalationStep: ("published", to_all({"rule"})),
    leads_models.SnoozeRule: ("published", to_all({"rule"})),
    leads_models.ServicePromise: ("published", to_all({"rule"})),
    leads_models.LagRule: ("published", to_all({"rule"})),
    leads_models.ProgressRule: ("published", to_all({"rule"})),
    leads_models.CapacityRule: ("published", to_all({"rule"})),
    leads_models.WorksTerm: ("published", to_all({"rule"})),
    QuietHours: ("published", to_all({"rule"})),
    ApiRule: ("published", to_all({"rule"})),
    Absence: ("user__username", to_all({"member_a"})),
    # What is one person's; of a message, whoever runs the system sees where it went
    ChannelPreference: ("user__username", {"member_a": {"member_a"}}),
    OutgoingMail: (
        "key",
        {"member_a": {"letter"}, "administrator": {"letter"}, "superuser": {"letter"}},
    ),
    leads_models.Reminder: ("lead__title", {"member_a": {"plain"}, "head_a": {"shared"}}),
    leads_models.Digest: ("code", DIGESTS),
    ApiToken: (
        "name",
        {
            "member_a": {"token"},
            "administrator": {"token", "office"},
            "superuser": {"token", "office"},
        },
    ),
    # What belongs to administration
    RepeatableWrite: ("key", {"superuser": {"write"}}),
    MailAttachment: ("name", {"superuser": {"file"}}),
    HandOver: ("token", {"superuser": {"book"}}),
    SweepRun: ("name", {"administrator": {"sweep"}, "superuser": {"sweep"}}),
    AccessEntry: (
        "subject",
        {"coordinator": {"entry"}, "administrator": {"entry"}, "superuser": {"entry"}},
    ),
    AccessChainHead: ("last_number", {"superuser": {"1"}}),
    Change: ("resource", {"superuser": {"chain"}}),
    FeedSequence: ("last_number", {"superuser": {"7"}}),
    FeedMark: ("number", {"superuser": {"7"}}),
    FeedRule: ("published", to_all({"rule"})),
    User: (
        "username",
        to_all({*(name for name in EVERYBODY), "disabled"}),
    ),
}
