"""One record of everything, all of it hidden from team B, with words that must never leak.

`World.args` names, for every address of the admin, the record that it is opened with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone
from PIL import Image

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
from kfq_crm.base import concurrency
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
from leads.actions.commitments import judge_commitment, record_measure
from leads.actions.contracts import add_commitment
from leads.actions.decisions import ask_leader
from leads.actions.files import attach_file
from leads.actions.followups import raise_blocker
from leads.actions.landing import open_project
from leads.actions.pipeline import advance_lead
from leads.actions.project_facts import set_flag
from leads.actions.rectifications import order_rectification
from leads.digest.engine import make_digests
from leads.models import (
    CadenceRule,
    CapacityRule,
    ClaimRule,
    Commitment,
    Digest,
    DigestRule,
    DisclosureRule,
    EscalationStep,
    LagRule,
    Lead,
    LookBack,
    LookBackRule,
    OutputPeriod,
    PaceRule,
    ProgressReport,
    ProgressRule,
    Reminder,
    ResponseLimit,
    ScaleThreshold,
    ServicePromise,
    SnoozeRule,
    StallRule,
    WorksTerm,
)
from leads.stages import Stage
from services.actions.asking_links import give_link
from services.actions.extensions import ask_extension
from services.actions.handling import verify_question
from services.actions.intake import take_in_question
from services.actions.knowledge import keep_answer
from services.actions.liaison import appoint_officer
from services.actions.papers import keep_file
from services.actions.plans import make_plan
from services.actions.steps import refuse_step, submit_step
from services.actions.templates import StepValues, create_template
from services.models import (
    DeemedRule,
    Department,
    Feedback,
    LinkRule,
    MissingItem,
    QuestionCategory,
    QuestionLimit,
    QuestionRule,
    StepPaper,
    VisitCadence,
    VisitWarning,
)
from tests.cast import Cast
from tests.factories import (
    UserFactory,
    a_building,
    a_contact,
    a_contract,
    a_permit,
    a_uscc,
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
NUMBER = "13987651234"
# What team B must not read anywhere; each stands in a field of its own.
CANARIES = {
    "title": "金丝雀叶片总装项目",
    "company": "江苏金丝雀航发部件有限公司",
    "company's key": "金丝雀航发部件",
    "parent": "白鹇重工集团",
    "code": a_uscc(77),
    "summary of the lead": "画眉鸟方案一期",
    "contact": "百灵总",
    "number": NUMBER,
    "follow-up": "鹧鸪厅闭门会谈",
    "next step": "约见杜鹃资本",
    "blocker": "夜莺地块未腾空",
    "question": "黑鹳路口能否先行施工",
    "asked": "绿孔雀变电所何时增容",
    "contract": "蓝鹊合〔2026〕7号",
    "counterparty": "云雀投资合伙企业",
    "commitment": "朱鹮税收目标",
    "measured value": "朱鹮纳税申报表",
    "rectification": "补缴朱鹮税款",
    "verdict": "朱鹮税款未到账",
    "project": "金丝雀叶片总装项目",
    "permit": "灰鹤施许字第7号",
    "building": "戴胜总装楼",
    "listing": "鸳鸯入统函",
    "progress": "白鹳吊装过半",
    "approval": "丹顶鹤地块权属待核",
    "paper": "红隼厂区勘察报告",
    "file": "喜鹊厂区平面图",
    "target company": "鸬鹚船配有限公司",
    "policy": "黄鹂专项扶持办法",
    "site": "苍鹭路九号地块",
    "message": "白鹤岛密会纪要",
}

# A confidential lead of team A: for its owner and the team's head alone.
SECRETS = {"title": "夜鹭秘密项目", "company": "江苏夜鹭航空装备有限公司"}


def picture() -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (2, 2)).save(content, "PNG")
    return SimpleUploadedFile(f"{CANARIES['file']}.png", content.getvalue(), "image/png")


@dataclass
class World:
    """The cast with an administrator, and by name the records that addresses need."""

    cast: Cast
    administrator: User
    records: dict[str, Any] = field(default_factory=dict)

    def person(self, role: str) -> User:
        return self.administrator if role == "administrator" else getattr(self.cast, role)

    def key(self, name: str) -> int:
        return int(self.records[name].pk)


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
    _questions(world, cast)
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
    _promises(world, add_commitment(contract=contract, values=promise, by=by), by)
    world.records["project"] = open_project(contract=contract, by=by)
    _construction(world, by)
    _approvals(world, by)
    secret = log_a_lead(
        by=by,
        title=SECRETS["title"],
        investor=SECRETS["company"],
        confidential=True,
        code_name="启明",
    )
    world.records["secret"] = secret


def _promises(world: World, promise: Commitment, by: User) -> None:
    """What is found of a promise, and the rules on it."""
    said, day = CANARIES, timezone.localdate()
    later = day + timedelta(days=30)
    measured = {"measured_on": day, "value": "0.1", "evidence": said["measured value"]}
    with transaction.atomic():
        look_back = LookBack.objects.create(
            contract=promise.contract,
            after="completed",
            number=1,
            months=3,
            milestone_on=day,
            due_on=day,
        )
    world.records |= {
        "promise": promise,
        "measure": record_measure(commitment=promise, values=measured, by=by),
        "look_back": look_back,
        "rectification": order_rectification(
            commitment=promise, task=said["rectification"], owner=by, due_on=later, by=by
        ),
        "look_back_rule": LookBackRule.objects.create(
            valid_from=later, after="completed", number=1, months=3
        ),
        "pace_rule": PaceRule.objects.create(
            valid_from=later, behind_points=10, far_behind_points=30, stale_months=6
        ),
    }
    said_of_it = {"verdict": "not_met", "actual": 0, "reason": said["verdict"]}
    judge_commitment(commitment=promise, values=said_of_it, by=by)


def _approvals(world: World, by: User) -> None:
    """A plan of one step, which its department has refused."""
    department = Department.objects.create(code="planning", name="自然资源和规划局")
    step = StepValues("permit", "规划许可", department, "land", 20, published="行政许可法")
    world.records |= {
        "department": department,
        "approval_template": create_template(
            code="industry", name="工业项目", steps=[step], by=world.cast.coordinator
        ),
        "deemed_rule": DeemedRule.objects.create(
            valid_from=timezone.localdate() + timedelta(days=30), paper_days=1, acceptance_days=5
        ),
    }
    plan = make_plan(
        project=world.records["project"], template=world.records["approval_template"], by=by
    )
    submitted = submit_step(step=plan.steps.get(), by=by)
    world.records["approval_plan"] = plan
    refused = refuse_step(
        step=submitted, ground="law", reason=CANARIES["approval"], by=world.cast.coordinator
    )
    world.records |= {"approval_step": refused, "template_step": refused.template_step}
    with transaction.atomic():
        kept = keep_file(refused, picture(), by)
    world.records["step_file"] = kept
    paper = StepPaper.objects.create(step=refused, name=CANARIES["paper"])
    world.records["missing_item"] = MissingItem.objects.create(
        step=refused,
        paper=paper,
        promise=kept,
        due_on=timezone.localdate(),
        promised_on=timezone.localdate(),
        accepted_by=by,
    )


def _construction(world: World, by: User) -> None:
    """What the project builds; it has not started, so that its report stands by itself."""
    project, said, day = world.records["project"], CANARIES, timezone.localdate()
    later = day + timedelta(days=30)
    world.records |= {
        "permit": a_permit(project, by=by, number=said["permit"]),
        "building": a_building(project, by=by, name=said["building"]),
        "flag": set_flag(
            project=project, kind="in_statistics", since_on=day, paper=said["listing"], by=by
        ),
        "period": OutputPeriod.objects.create(
            project=project, starts_on=day, ends_on=later, output=1, tax=1, paper="统计表"
        ),
        "service_promise": ServicePromise.objects.create(
            valid_from=later, interval="start_on_land", working_days=3
        ),
        "lag_rule": LagRule.objects.create(valid_from=later, yellow_from=5, red_over=20),
        "progress_rule": ProgressRule.objects.create(valid_from=later, due_day=8),
        "capacity_rule": CapacityRule.objects.create(valid_from=later, months=6),
        "works_term": WorksTerm.objects.create(
            valid_from=later, name="桩基", counts=True, words="桩基"
        ),
    }
    with transaction.atomic():
        world.records["progress"] = ProgressReport.objects.create(
            project=project,
            month=day.replace(day=1),
            percent=5,
            invested=1,
            summary=said["progress"],
            reported_by=by,
            reported_at=timezone.now(),
        )


def _questions(world: World, cast: Cast) -> None:
    """A question about team A's lead with what hangs on it; care, a link, knowledge, rules."""
    said, later = CANARIES, timezone.localdate() + timedelta(days=30)
    lead, by = world.records["lead"], cast.member_a
    department = Department.objects.filter(code="answers").first() or concurrency.create(
        Department(code="answers", name="答复部门"), by=None
    )
    category = QuestionCategory.objects.create(code="power", name="用电", department=department)
    question = take_in_question(
        enterprise=lead.enterprise,
        lead=lead,
        values={"title": said["asked"], "text": said["asked"], "category": category},
        uploads=[picture()],
        by=by,
    )
    question = verify_question(question=question, department=department, by=cast.coordinator)
    liaison = appoint_officer(
        enterprise=lead.enterprise, officer=by, tier="key", by=cast.coordinator
    )
    entry = {"title": "用电增容怎么办", "answer": "到窗口办理。", "category": category}
    world.records |= {
        "question": question,
        "question_file": question.files.get(),
        "extension": ask_extension(
            question=question,
            until=current_calendar().add_workdays(question.solve_by, 1),
            reason="补图",
            by=cast.coordinator,
        ),
        "feedback": Feedback.objects.create(
            question=question,
            round=question.round,
            outcome="solved",
            text=said["asked"],
            department=department,
            given_by=by,
            given_at=timezone.now(),
            limit=question.solve_by,
            in_time=True,
        ),
        "liaison": liaison,
        "asking_link": give_link(
            enterprise=lead.enterprise, contact_name="周敏", by=cast.coordinator
        ),
        "knowledge": keep_answer(values=entry, by=cast.coordinator),
        "category": category,
        "question_limit": QuestionLimit.objects.create(
            valid_from=later, item="verify", working_days=2
        ),
        "question_rule": QuestionRule.objects.create(
            valid_from=later, rating_days=5, reopens_up_to=2
        ),
        "link_rule": LinkRule.objects.create(
            valid_from=later, link_days=90, per_link=3, per_address=9
        ),
        "visit_cadence": VisitCadence.objects.create(valid_from=later, tier="key", working_days=15),
        "visit_warning": VisitWarning.objects.create(valid_from=later, visits=2, days=20),
    }


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
