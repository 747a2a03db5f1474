"""One world of leads, teams and companies with a row of everything, each named after its lead."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from chains import models as chains_models
from chains.models import AnnualTarget, ChainPolicy, Metric, Scope, Site, TargetCompany
from chains.roles import ADMINISTRATION, SERVICE, role_group
from kfq_crm.base.mail import MailFile, enqueue
from kfq_crm.base.models import (
    Absence,
    AccessChainHead,
    AccessEntry,
    AccessKind,
    ApiRule,
    ApiToken,
    CalendarDay,
    Change,
    ChannelPreference,
    FeedMark,
    FeedRule,
    FeedSequence,
    HandOver,
    QuietHours,
    RepeatableWrite,
    SweepRun,
    User,
)
from kfq_crm.base.service_accounts import account_of
from leads import models as leads_models
from leads.actions.claims import request_ruling, rule_on_claim
from leads.actions.enterprises import register_enterprise
from leads.models import (
    Attachment,
    Blocker,
    Building,
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
    RulingRequest,
    Screening,
    WorksTerm,
)
from tests.cast import Cast
from tests.factories import SegmentFactory, UserFactory, log_a_lead

TODAY = timezone.localdate()


@dataclass(frozen=True)
class World:
    cast: Cast
    people: dict[str, User]


# --- Building it ----------------------------------------------------------------------------


def log(by: User, name: str, **values: Any) -> Lead:
    if values.get("confidential"):
        values["code_name"] = "代号"
    values = {"title": name, "investor": f"company {name} xyz", **values}
    lead = log_a_lead(by=by, contact_name=name, contact_phone="", **values)
    Enterprise.objects.filter(pk=lead.enterprise_id).update(note=name)
    Contact.objects.filter(name=name).update(note=name)
    return lead


def log_leads(cast: Cast) -> None:
    known = register_enterprise(name="company known xyz", by=cast.member_a, team=cast.team_a)
    log(cast.member_a, "plain")
    log(cast.member_a, "shared", secondary_chains=[cast.chain_b])
    log(cast.member_a, "first", first_talk_team=cast.team_b)
    log(cast.member_a, "ruled")
    log(cast.member_b, "other")
    log(cast.member_a, "secret", confidential=True, readers=[cast.disabled])
    log(
        cast.second_member_a,
        "secret_shared",
        confidential=True,
        secondary_chains=[cast.chain_b],
        readers=[cast.member_b],
    )
    log(cast.second_member_a, "secret_office", confidential=True, readers=[cast.coordinator])
    log(cast.member_b, "secret_other", confidential=True, investor=known.name)


def add_rows(lead: Lead, by: User) -> None:
    """A row of everything that belongs to a lead; their rules are tested elsewhere."""
    name, today = lead.title, TODAY
    FollowUp.objects.create(
        lead=lead, occurred_at=timezone.now(), method="call", summary=name, logged_by=by
    )
    blocker = Blocker.objects.create(
        lead=lead, description=name, owner=by, due_on=today, raised_by=by
    )
    leads_models.Decision.objects.create(blocker=blocker, question=name, asked_by=by)
    Attachment.objects.create(lead=lead, name=name, size=1, uploaded_by=by)
    Screening.objects.create(lead=lead, verdict="follow", judged_on=today, judged_by=by)
    DepartmentOpinion.objects.create(lead=lead, given_on=today, recorded_by=by)
    JointReview.objects.create(lead=lead, held_on=today, recorded_by=by)
    contract = Contract.objects.create(
        lead=lead, number=name, kind="investment", signed_on=today, investment=Decimal(1)
    )
    ContractAmountChange.objects.create(
        contract=contract, field="investment", changed_at=timezone.now(), changed_by=by
    )
    add_promise(contract, name, by)
    project = LandedProject.objects.create(
        contract=contract, name=name, chain=lead.chain, enterprise=lead.enterprise
    )
    add_construction(project, by)


def add_construction(project: LandedProject, by: User) -> None:
    """What hangs on a project, one of each."""
    today, month = TODAY, TODAY.replace(day=1)
    Milestone.objects.create(project=project, kind="land")
    ConstructionPermit.objects.create(project=project, stage="whole", number="1", issued_on=today)
    Building.objects.create(project=project, name="1", area_m2=1)
    ProgressReport.objects.create(
        project=project,
        month=month,
        percent=1,
        invested=1,
        reported_by=by,
        reported_at=timezone.now(),
    )
    PlannedProgress.objects.create(project=project, month=month, percent=1)
    OutputPeriod.objects.create(
        project=project,
        starts_on=today,
        ends_on=today + timedelta(days=1),
        output=1,
        tax=1,
        paper="1",
    )
    ProjectFlag.objects.create(project=project, kind="above_scale", since_on=today, paper="1")


def add_promise(contract: Contract, name: str, by: User) -> None:
    """A promise of the contract with all that is found of it."""
    promise = Commitment.objects.create(contract=contract, side="zone", metric=name)
    found = {"recorded_by": by, "recorded_at": timezone.now()}
    leads_models.CommitmentMeasure.objects.create(
        commitment=promise, measured_on=TODAY, value=1, evidence=name, **found
    )
    look_back = leads_models.LookBack.objects.create(
        contract=contract, after="completed", number=1, months=3, milestone_on=TODAY, due_on=TODAY
    )
    verdict = leads_models.CommitmentVerdict.objects.create(
        commitment=promise,
        number=1,
        verdict="not_met",
        reason=name,
        judged_on=TODAY,
        look_back=look_back,
        **found,
    )
    leads_models.Rectification.objects.create(
        commitment=promise,
        verdict=verdict,
        task=name,
        owner=by,
        due_on=TODAY,
        opened_on=TODAY,
        opened_by=by,
    )


def arbitrate(cast: Cast) -> None:
    for name in ("plain", "secret", "ruled"):
        request_ruling(
            company_name=f"company {name} xyz", team=cast.team_b, grounds=name, by=cast.member_b
        )
    rule_on_claim(
        request=RulingRequest.objects.get(grounds="ruled"),
        holder=cast.team_b,
        reasons="ruled",
        by=cast.coordinator,
    )


def add_companies(cast: Cast) -> None:
    own = register_enterprise(name="own", by=cast.member_a, team=cast.team_a, note="own")
    Enterprise.objects.create(name="public", name_key="public", note="public", is_public=True)
    Enterprise.objects.create(name="unregistered", name_key="x", note="nobody's")
    assert own.registered_by == cast.team_a


def add_chain_rows(cast: Cast) -> None:
    metric = Metric.objects.create(code="signings", name="签约")
    segment = SegmentFactory(code="engines", chain=cast.chain_a)
    ends = {"from_chain": cast.chain_a, "to_chain": cast.chain_b}
    chains_models.SegmentLink.objects.create(**ends, from_segment=segment, note="link")
    chains_models.AnchorFirm.objects.create(chain=cast.chain_a, name="anchor")
    chains_models.Gap.objects.create(chain=cast.chain_a, kind="fill", description="gap")
    chains_models.Outpost.objects.create(name="outpost", city="上海")
    chains_models.AnnualResult.objects.create(year=2023, metric=metric, value=1, source="result")
    target = {"year": 2024, "metric": metric, "value": 1}
    AnnualTarget.objects.create(**target, scope=Scope.ZONE, source="zone")
    for name, chain, team in (("a", cast.chain_a, cast.team_a), ("b", cast.chain_b, cast.team_b)):
        TargetCompany.objects.create(chain=chain, name=name, name_key=name)
        ChainPolicy.objects.create(chain=chain, title=name)
        Site.objects.create(chain=chain, label=name)
        AnnualTarget.objects.create(
            **target, scope=Scope.CHAIN, chain=chain, source=f"chain {name}"
        )
        AnnualTarget.objects.create(**target, scope=Scope.TEAM, team=team, source=f"team {name}")
    LandedProject.objects.create(name="report", chain=cast.chain_a, source="一.进")
    LandedProject.objects.create(name="report without a chain", source="一.进")
    for project in LandedProject.objects.filter(contract=None):
        add_construction(project, cast.coordinator)


def add_digests(cast: Cast) -> None:
    """Of chain A to its leader, of chain B to somebody else, of the zone to the office."""
    now = timezone.now()
    for reader, chain, monday in (
        (cast.chain_leader_a, cast.chain_a, date(2026, 11, 16)),
        (cast.outsider, cast.chain_b, date(2026, 11, 9)),
        (cast.coordinator, None, date(2026, 11, 2)),
    ):
        leads_models.Digest.objects.create(
            reader=reader, chain=chain, starts_on=monday, made_at=now
        )


def add_ground_rows() -> None:
    for rule in (leads_models.CadenceRule, leads_models.ClaimRule, leads_models.ScaleThreshold):
        rule.objects.update(published="rule")
    months = {"yellow_months": 2, "red_months": 3, "off_list_months": 6}
    since = date(2020, 1, 1)
    leads_models.StallRule.objects.create(valid_from=since, **months, published="rule")
    leads_models.DigestRule.objects.create(valid_from=since, time=time(8), published="rule")
    leads_models.DisclosureRule.objects.create(valid_from=since, fewest=2, published="rule")
    leads_models.LookBackRule.objects.create(
        valid_from=since, after="completed", number=1, months=3, published="rule"
    )
    leads_models.PaceRule.objects.create(
        valid_from=since,
        behind_points=10,
        far_behind_points=30,
        stale_months=6,
        published="rule",
    )
    CalendarDay.objects.create(day=date(2026, 12, 31), is_workday=False, label="holiday")
    AccessEntry.objects.create(number=1, at=timezone.now(), kind=AccessKind.REVEAL, subject="entry")
    AccessChainHead.objects.create(pk=1, last_number=1)
    Change.objects.all().delete()
    Change.objects.create(resource="chain", object_id=1, kind="created")
    FeedSequence.objects.update_or_create(pk=1, defaults={"last_number": 7})
    FeedMark.objects.create(day=TODAY, number=7)
    FeedRule.objects.create(valid_from=date(2020, 1, 1), days=90, published="rule")


def add_reminders(cast: Cast) -> None:
    """An item of one person's about each of two leads, and the rules that make items."""
    since, published = date(2020, 1, 1), {"published": "rule"}
    leads_models.ResponseLimit.objects.create(
        valid_from=since, item="first_response", working_days=1, **published
    )
    leads_models.EscalationStep.objects.create(
        valid_from=since, offset=0, role="owner", **published
    )
    leads_models.SnoozeRule.objects.create(valid_from=since, working_days=3, **published)
    leads_models.ServicePromise.objects.create(
        valid_from=since, interval="start_on_land", working_days=2, **published
    )
    leads_models.LagRule.objects.create(valid_from=since, yellow_from=10, red_over=30, **published)
    leads_models.ProgressRule.objects.create(valid_from=since, due_day=5, **published)
    leads_models.CapacityRule.objects.create(valid_from=since, months=12, **published)
    WorksTerm.objects.update(**published)
    for title, person in (("plain", cast.member_a), ("shared", cast.head_a)):
        lead = Lead.objects.get(title=title)
        leads_models.Reminder.objects.create(
            rule="next_action",
            subject_id=lead.pk,
            revision=0,
            level=0,
            recipient=person,
            lead=lead,
            due_on=TODAY,
            via="mail",
            recorded_on=TODAY,
        )


def add_mail(cast: Cast) -> None:
    """One person's message, channel and absence; what workers leave behind."""
    person, since = cast.member_a, date(2020, 1, 1)
    file = MailFile("file", "text/plain", b"x")
    enqueue("letter", recipient=person, subject="x", text="x", attachments=[file])
    ChannelPreference.objects.create(user=person)
    Absence.objects.create(user=person, first_day=TODAY, last_day=TODAY, entered_by=person)
    HandOver.objects.create(token="book", lease_until=timezone.now())
    QuietHours.objects.create(
        valid_from=since, starts_at=time(21), ends_at=time(7), published="rule"
    )
    SweepRun.objects.create(name="sweep", started_at=timezone.now())


def add_programs(cast: Cast, administrator: User) -> None:
    """A token of a person's and one of the mayor's office, and the answer to a creation."""
    ApiRule.objects.create(
        valid_from=date(2020, 1, 1), requests_per_minute=300, longest_days=366, published="rule"
    )
    now = timezone.now()
    for name, owner in (("token", cast.member_a), ("office", account_of("mayors_office"))):
        made = ApiToken.objects.create(
            name=name,
            key=name,
            owner=owner,
            requests_per_minute=300,
            made_at=now,
            made_by=administrator,
            expires_at=now + timedelta(days=9),
        )
    RepeatableWrite.objects.create(
        token=made, key="write", status=201, answer={}, expires_at=timezone.now()
    )


@pytest.fixture
def world(cast: Cast) -> World:
    people = dict(cast.people())
    people["superuser"] = UserFactory(username="superuser", is_superuser=True)
    people["administrator"] = UserFactory(username="administrator")
    people["administrator"].groups.add(role_group(ADMINISTRATION))
    people["service"] = UserFactory(username="service")
    people["service"].groups.add(role_group(SERVICE))
    log_leads(cast)
    for lead in Lead.objects.all():
        add_rows(lead, lead.owner)
    add_companies(cast)
    arbitrate(cast)
    add_chain_rows(cast)
    add_digests(cast)
    add_ground_rows()
    add_mail(cast)
    add_reminders(cast)
    add_programs(cast, User.objects.get(username="administrator"))
    return World(cast, people)
