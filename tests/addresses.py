"""One record of everything, all of it hidden from team B, with words that must never leak.

`World.args` names, for every address of the admin, the record that it is opened with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone

from chains.models import (
    AnchorFirm,
    AnnualResult,
    AnnualTarget,
    ChainPolicy,
    Gap,
    Metric,
    Outpost,
    Segment,
    SegmentLink,
    Site,
    TargetCompany,
)
from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base.absences import enter_absence
from kfq_crm.base.access import record_access
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.mail import MailFile, enqueue
from kfq_crm.base.models import (
    AccessKind,
    ApiRule,
    Audience,
    CalendarDay,
    FeedRule,
    QuietHours,
    User,
)
from kfq_crm.base.tokens import make_token
from leads.actions.claims import request_ruling, rule_on_claim
from leads.actions.contracts import add_commitment
from leads.actions.decisions import ask_leader
from leads.actions.files import attach_file
from leads.actions.followups import raise_blocker
from leads.actions.landing import open_project
from leads.actions.pipeline import advance_lead
from leads.digest.engine import make_digests
from leads.models import (
    CadenceRule,
    ClaimRule,
    Digest,
    DigestRule,
    DisclosureRule,
    EscalationStep,
    Lead,
    Reminder,
    ResponseLimit,
    ScaleThreshold,
    SnoozeRule,
    StallRule,
)
from leads.stages import Stage
from tests.addresses_of_projects import add_construction, add_promises
from tests.addresses_of_services import add_approvals, add_questions
from tests.canaries import CANARIES, NUMBER, SECRETS, World, picture
from tests.cast import Cast
from tests.factories import (
    UserFactory,
    a_contact,
    a_contract,
    counted_contract,
    follow_up,
    lead_in,
    log_a_lead,
)

# The cast in the order of the table's columns.
ROLES = (
    "member_a",
    "head_a",
    "chain_leader_a",
    "member_b",
    "outsider",
    "coordinator",
    "administrator",
)


def build_world(cast: Cast) -> World:
    """Made by the actions, as people would; team A holds all of it."""
    administrator = UserFactory(username="administrator")
    administrator.groups.add(role_group(ADMINISTRATION))
    world = World(cast, User.objects.get(pk=administrator.pk))
    _pipeline(world, cast)
    _rulings(world, cast)
    _lists(world, cast)
    _administration(world, cast)
    _digest(world, cast)
    _reminders(world, cast)
    add_questions(world, cast)
    return world


def _pipeline(world: World, cast: Cast) -> None:
    by, said = cast.member_a, CANARIES
    lead = lead_in(
        Stage.REVIEW,
        by=by,
        title=said["title"],
        investor=said["company"],
        uscc=said["code"],
        parent_group=said["parent"],
        summary=said["summary of the lead"],
    )
    contact = a_contact(lead, by=by, team=cast.team_a, name=said["contact"], phone=NUMBER)
    day = current_calendar().add_workdays(timezone.localdate(), 1)
    step = {"next_action": said["next step"], "next_action_on": day}
    follow_up(lead, by=by, summary=said["follow-up"], **step)
    signed = _sign(lead, by)
    world.records |= {
        "lead": signed,
        "enterprise": signed.enterprise,
        "claim": signed.claim,
        "contact": contact,
        "contract": counted_contract(signed),
        "blocker": raise_blocker(
            lead=signed, description=said["blocker"], owner=by, due_on=day, by=by
        ),
        "file": attach_file(lead=signed, upload=picture(), by=by),
    }
    contract = world.records["contract"]
    promise = {"side": "investor", "metric": said["commitment"], "promised": 1, "unit": "亿元"}
    add_promises(world, add_commitment(contract=contract, values=promise, by=by), by)
    world.records["project"] = open_project(contract=contract, by=by)
    add_construction(world, by)
    add_approvals(world, by)
    secret = log_a_lead(
        by=by,
        title=SECRETS["title"],
        investor=SECRETS["company"],
        confidential=True,
        code_name="启明",
    )
    world.records["secret"] = secret


def _sign(lead: Lead, by: User) -> Lead:
    said = CANARIES
    a_contract(lead, by=by, number=said["contract"], their_party=said["counterparty"])
    return advance_lead(lead=lead, by=by)


def _rulings(world: World, cast: Cast) -> None:
    held = log_a_lead(by=cast.member_a, investor="有争议的第一家公司")
    log_a_lead(by=cast.member_a, investor="有争议的第二家公司")
    asked = [
        request_ruling(company_name=name, team=cast.team_b, grounds="先谈", by=cast.member_b)
        for name in ("有争议的第一家公司", "有争议的第二家公司")
    ]
    world.records["disputed_claim"] = held.claim
    world.records["asked"] = asked[0]
    world.records["ruling"] = rule_on_claim(
        request=asked[1], holder=cast.team_a, reasons="维持原认领", by=cast.coordinator
    )


def _lists(world: World, cast: Cast) -> None:
    chain, said = cast.chain_a, CANARIES
    segment = Segment.objects.create(chain=chain, code="engine", name="发动机")
    metric = Metric.objects.create(code="signings", name="签约项目数")
    target = TargetCompany.objects.create(chain=chain, name=said["target company"], name_key="x")
    world.records |= {
        "chain": chain,
        "team": cast.team_a,
        "segment": segment,
        "link": SegmentLink.objects.create(from_chain=chain, to_chain=cast.chain_b),
        "anchor": AnchorFirm.objects.create(chain=chain, name="链主公司"),
        "gap": Gap.objects.create(chain=chain, kind="strengthen", description="叶片"),
        "outpost": Outpost.objects.create(name="上海驻点", city="上海"),
        "metric": metric,
        "target_company": target,
        "policy": ChainPolicy.objects.create(chain=chain, title=said["policy"]),
        "site": Site.objects.create(chain=chain, label=said["site"]),
        "target": AnnualTarget.objects.create(
            year=2026, scope="chain", chain=chain, metric=metric, value=10
        ),
        "result": AnnualResult.objects.create(year=2025, metric=metric, value=8),
    }


def _reminders(world: World, cast: Cast) -> None:
    """An item of member_a's, about the lead that is hidden from team B, and rules to come."""
    later = timezone.localdate() + timedelta(days=30)
    lead = world.records["lead"]
    world.records |= {
        "reminder": Reminder.objects.create(
            rule="next_action",
            subject_id=lead.pk,
            revision=0,
            level=0,
            recipient=cast.member_a,
            lead=lead,
            due_on=timezone.localdate(),
            via="mail",
            recorded_on=timezone.localdate(),
        ),
        "response_limit": ResponseLimit.objects.create(
            valid_from=later, item="first_response", working_days=1
        ),
        "escalation_step": EscalationStep.objects.create(valid_from=later, offset=0, role="owner"),
        "snooze_rule": SnoozeRule.objects.create(valid_from=later, working_days=3),
        "disclosure_rule": DisclosureRule.objects.create(valid_from=later, fewest=3),
    }


def _administration(world: World, cast: Cast) -> None:
    later = timezone.localdate() + timedelta(days=30)
    StallRule.objects.create(
        valid_from=date(2020, 1, 1), yellow_months=2, red_months=3, off_list_months=6
    )
    said = CANARIES["message"]
    letter = enqueue(
        "to member_a",
        recipient=cast.member_a,
        subject=said,
        text=said,
        html=f"<p>{said}</p>",
        attachments=[MailFile(f"{said}.txt", "text/plain", said.encode())],
    )
    assert letter
    world.records |= {
        "mail": letter,
        "mail_file": letter.attachments.get(),
        "absence": enter_absence(
            user=cast.member_a, first_day=later, last_day=later, deputy=None, by=cast.member_a
        ),
        "quiet_hours": QuietHours.objects.create(
            valid_from=later, starts_at=time(22), ends_at=time(7)
        ),
        "api_rule": ApiRule.objects.create(
            valid_from=later, requests_per_minute=60, longest_days=90
        ),
        "token": make_token(
            name="白鹭统计脚本",
            audience=Audience.OWNER,
            scopes=["leads:read"],
            last_day=later,
            by=cast.member_a,
        ).token,
        "feed_rule": FeedRule.objects.create(valid_from=later, days=30),
        "user": cast.member_a,
        "colleague": cast.second_member_a,
        "entry": record_access(AccessKind.EXPORT, by=cast.member_a, subject="leads"),
        "day": CalendarDay.objects.create(day=date(2031, 5, 5), is_workday=False),
        "cadence": CadenceRule.objects.create(valid_from=later, stage="lead", working_days=2),
        "claim_rule": ClaimRule.objects.create(valid_from=later, days_without_progress=80),
        "threshold": ScaleThreshold.objects.create(
            valid_from=later, band="A", currency="CNY", minimum=1
        ),
        "stall_rule": StallRule.objects.create(
            valid_from=later, yellow_months=1, red_months=2, off_list_months=3
        ),
    }


def _digest(world: World, cast: Cast) -> None:
    """The running week told to team A's leader, with a question; by the clock of next week."""
    asked = ask_leader(
        blocker=world.records["blocker"], question=CANARIES["question"], by=cast.head_a
    )
    rules = {"weekday": 0, "time": time(8)}
    DigestRule.objects.create(valid_from=date(2020, 1, 1), **rules)
    later = timezone.localdate() + timedelta(days=30)
    make_digests(timezone.now() + timedelta(days=7))
    world.records |= {
        "decision": asked,
        "digest": Digest.objects.get(reader=cast.chain_leader_a),
        "digest_rule": DigestRule.objects.create(valid_from=later, **rules),
    }


# --- The addresses ---------------------------------------------------------------------------


def every_address() -> Iterator[tuple[str, str]]:
    """Name and route of every address of the site; a nameless one goes by its route."""
    yield from _walk(get_resolver().url_patterns, "", "")


def _walk(patterns: Any, route: str, namespace: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, here, pattern.namespace or namespace)
        elif isinstance(pattern, URLPattern):
            name = f"{namespace}:{pattern.name}" if namespace else str(pattern.name)
            yield (name if pattern.name else here), here


@dataclass(frozen=True)
class Case:
    """A line of every_address.txt."""

    method: str
    name: str
    record: str
    statuses: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.name}"

    def expected(self, role: str) -> int:
        return self.statuses[ROLES.index(role)]

    def address(self, world: World, missing: int = 0) -> str:
        """With the record's number, or with one that is nobody's."""
        if self.record == "-":
            return reverse(self.name)
        if self.record.startswith("="):
            return reverse(self.name, args=[self.record[1:]])
        keys = [world.key(name) for name in self.record.split(",")]
        return reverse(self.name, args=[missing or keys[0], *keys[1:]])


def cases() -> list[Case]:
    path = Path(__file__).with_name("every_address.txt")
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Case(method, name, record, tuple(map(int, statuses)))
        for method, name, record, *statuses in (line for line in lines if line[0] != "#")
    ]
