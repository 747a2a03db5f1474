"""Who sees what, as exact sets, for every model and everybody of the cast.

One world of leads, each with a row of everything that belongs to a lead; what a person sees is
named by the lead's title. A set that is too large is a leak, one that is too small a loss.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
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
from leads.actions.enterprises import add_contact
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
from tests.world import TODAY, World

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


# --- Asking everybody -----------------------------------------------------------------------


def named(row: models.Model, path: str) -> str:
    value: Any = row
    for part in path.split("__"):
        value = getattr(value, part)
    if isinstance(row, Claim | ClaimKey):
        claim = row if isinstance(row, Claim) else row.claim
        to_b = claim.team.chain.code == "new-materials"
        return "ruled to B" if to_b and value == "ruled" else str(value)
    return str(value)


def seen_by(model: type[models.Model], path: str, user: User) -> set[str]:
    manager: Any = User.staff if model is User else model._default_manager
    return {named(row, path) for row in manager.visible_to(user)}


def exact(world: World, ask: Callable[[User], set[str]]) -> dict[str, set[str]]:
    answers = {name: ask(person) for name, person in world.people.items()}
    return {name: seen for name, seen in answers.items() if seen}


def test_everybody_sees_exactly_what_is_theirs(world: World) -> None:
    """All models in one world: building it takes longer than asking."""
    wrong = {}
    for model, (path, expected) in EXPECTED.items():
        wanted = {name: set(rows) for name, rows in expected.items() if rows}
        seen = exact(world, lambda user, m=model, p=path: seen_by(m, p, user))
        for name in world.people:
            if seen.get(name, set()) != wanted.get(name, set()):
                more = seen.get(name, set()) - wanted.get(name, set())
                less = wanted.get(name, set()) - seen.get(name, set())
                wrong[model.__name__, name] = {"leaked": more, "lost": less}
    assert wrong == {}


def test_disabled_account_sees_nothing_even_as_a_reader(world: World) -> None:
    secret = Lead.objects.get(title="secret")
    assert world.cast.disabled in secret.readers.all()
    assert not any(seen_by(m, p, world.cast.disabled) for m, (p, _who) in EXPECTED.items())


def test_program_of_the_mayors_office_sees_all_teams_and_nothing_confidential(
    world: World,
) -> None:
    """The account that it acts as; what of it is personal, its answers leave out besides."""
    office = User.objects.get(service="mayors_office")
    for model, path in WITH_THEIR_LEAD.items():
        assert seen_by(model, path, office) <= OPEN_A | {"other"}, model.__name__
    assert seen_by(Lead, "title", office) == OPEN_A | {"other"}
    assert seen_by(TaskTeam, "chain__code", office) == {"aerospace", "new-materials"}
    assert not any(office in User.staff.visible_to(person) for person in world.people.values())


def test_reader_taken_off_the_list_sees_it_no_more(world: World) -> None:
    secret = Lead.objects.get(title="secret_shared")
    secret.readers.clear()
    assert "secret_shared" not in seen_by(Lead, "title", world.cast.member_b)
    assert "secret_shared" not in seen_by(FollowUp, "lead__title", world.cast.member_b)


def test_member_who_left_sees_nothing_any_more(world: World) -> None:
    world.cast.team_a.group.user_set.remove(world.cast.member_a)
    left = User.objects.get(pk=world.cast.member_a.pk)
    assert seen_by(Lead, "title", left) == set()
    assert seen_by(Claim, "enterprise__note", left) == set()
    assert seen_by(Contact, "note", left) == set()


def test_new_head_reads_the_confidential_leads_and_the_old_one_no_more(world: World) -> None:
    team = world.cast.team_a
    TaskTeam.objects.filter(pk=team.pk).update(head=world.cast.second_member_a)
    assert seen_by(Lead, "title", world.cast.second_member_a) == LEADS["head_a"]
    assert seen_by(Lead, "title", world.cast.head_a) == OPEN_A


def test_permission_to_read_confidential_leads_stays_within_the_scope(world: World) -> None:
    codename = "read_confidential_leads"
    permission = apps.get_model("auth.Permission").objects.get(codename=codename)
    world.cast.coordinator.user_permissions.add(permission)
    world.cast.second_member_a.user_permissions.add(permission)
    asked = {name: User.objects.get(username=name) for name in ("coordinator", "second_member_a")}
    assert seen_by(Lead, "title", asked["coordinator"]) == ALL_LEADS
    assert seen_by(Lead, "title", asked["second_member_a"]) == OPEN_A | SECRET_A


def test_contact_of_another_teams_hidden_lead_is_hidden_at_a_known_company(world: World) -> None:
    """The office sees the company, which team A registered; a contact of team B would tell it
    that team B is at work there."""
    company = Enterprise.objects.get(note="secret_other")
    assert company in Enterprise.objects.visible_to(world.cast.coordinator)
    assert not Contact.objects.visible_to(world.cast.coordinator).filter(enterprise=company)
    own = add_contact(
        enterprise=company, team=world.cast.team_a, values={"name": "李"}, by=world.cast.member_a
    )
    assert list(Contact.objects.visible_to(world.cast.member_a).filter(enterprise=company)) == [own]


def test_claim_of_a_reopened_confidential_lead_stays_hidden(world: World) -> None:
    """The old claim has no lead any more, and still names the company."""
    secret = Lead.objects.get(title="secret_office")
    old = secret.claim
    Claim.objects.filter(pk=old.pk).update(state="lapsed", ended_on=TODAY)
    fresh = Claim.objects.create(
        enterprise=secret.enterprise,
        team=old.team,
        claimed_on=TODAY,
        lapses_on=TODAY + timedelta(days=90),
    )
    Lead.objects.filter(pk=secret.pk).update(claim=fresh)
    seen = Claim.objects.visible_to(world.cast.member_a)
    assert not seen.filter(enterprise=secret.enterprise).exists()


# --- No model without a scope ---------------------------------------------------------------

# Reached through their record, never by themselves
HISTORY = [m for m in apps.get_models() if hasattr(m, "instance_type")]
OURS = [
    model
    for model in apps.get_models()
    if model._meta.app_config.name in {"kfq_crm.base", "chains", "leads", "services", "seeds"}
    and model not in HISTORY
]
SERVICES = Path(__file__).parent / "services"
# Signing in looks people up before anybody is signed in; pages use `User.staff`.
UNSCOPED_MANAGERS = {(User, "objects")}


@pytest.mark.parametrize("model", OURS, ids=[model.__name__ for model in OURS])
def test_every_manager_knows_who_may_see_its_rows(model: type[models.Model]) -> None:
    for manager in model._meta.managers:
        if (model, manager.name) not in UNSCOPED_MANAGERS:
            assert hasattr(manager, "visible_to"), f"{model.__name__}.{manager.name}"


@pytest.mark.parametrize("model", OURS, ids=[model.__name__ for model in OURS])
def test_every_model_is_asked_about(model: type[models.Model]) -> None:
    """Here, or of services in a world of its own with departments and enterprises."""
    if model._meta.app_label == "services":
        named = (path.read_text(encoding="utf-8") for path in SERVICES.rglob("test_visible*.py"))
        assert any(re.search(rf"\b{model.__name__}\b", text) for text in named), model.__name__
    else:
        assert model in EXPECTED, f"say in EXPECTED who sees which rows of {model.__name__}"
