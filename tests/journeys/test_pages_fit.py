"""Every page with the demo data, on a desk and on a phone: it fits, it speaks Chinese, it is
not cut off, and a thumb hits its buttons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db.models import Model
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

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
    TaskTeam,
)
from kfq_crm.base.absences import enter_absence
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import (
    Absence,
    ApiRule,
    ApiToken,
    Audience,
    CalendarDay,
    FeedRule,
    OutgoingMail,
    QuietHours,
    TokenScope,
    User,
)
from kfq_crm.base.tokens import make_token
from kfq_crm.overview.queries.targets import COUNTED
from leads.digest.engine import make_digests
from leads.models import (
    Blocker,
    CadenceRule,
    ClaimRule,
    Contact,
    Contract,
    Decision,
    Digest,
    DigestRule,
    DisclosureRule,
    Enterprise,
    EscalationStep,
    LandedProject,
    Lead,
    Reminder,
    ResponseLimit,
    Ruling,
    RulingRequest,
    ScaleThreshold,
    SnoozeRule,
    StallRule,
)
from leads.reminders.engine import run_reminders
from seeds.demo import load_demo
from services.models import (
    ApprovalPlan,
    ApprovalTemplate,
    AskingLink,
    DeemedRule,
    Department,
    MissingItem,
)
from services.signed_links import asking_token
from tests.addresses import Case, cases
from tests.addresses_of_projects import add_construction, add_promises
from tests.addresses_of_services import add_questions
from tests.canaries import World
from tests.journeys.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.timeout(400)

PEOPLE = {
    "head_a": "linxiangyang",
    "member_a": "zhouziang",
    "chain_leader_a": "gaoyunfan",
    "coordinator": "lizhengheng",
    "administrator": "zhangweixin",
}
# Answers that are no page to look at: data for a script, a file, a part of a page.
NO_PAGES = {
    "admin:jsi18n",
    "admin:attachment_download",
    "admin:leads_attachment_download",
    "admin:services_stepfile_download",
    "admin:services_question_file",
    "admin:team_ledger",
    "admin:quick_log_leads",
    "admin:staff_search",
    "admin:search",
    "admin:base_outgoingmail_file",
    "admin:base_outgoingmail_formatted",
    "admin:digest_formatted",
    "admin:operations_json",
    *("healthz", "readyz", "metrics"),
}
NEWEST: dict[str, type[Model]] = {
    "segment": Segment,
    "link": SegmentLink,
    "anchor": AnchorFirm,
    "gap": Gap,
    "outpost": Outpost,
    "metric": Metric,
    "target_company": TargetCompany,
    "policy": ChainPolicy,
    "site": Site,
    "result": AnnualResult,
    "cadence": CadenceRule,
    "claim_rule": ClaimRule,
    "threshold": ScaleThreshold,
    "stall_rule": StallRule,
    "day": CalendarDay,
    "quiet_hours": QuietHours,
    "api_rule": ApiRule,
    "feed_rule": FeedRule,
    "digest": Digest,
    "digest_rule": DigestRule,
    "decision": Decision,
    "response_limit": ResponseLimit,
    "escalation_step": EscalationStep,
    "disclosure_rule": DisclosureRule,
    "snooze_rule": SnoozeRule,
    "absence": Absence,
    "approval_template": ApprovalTemplate,
    "department": Department,
    "deemed_rule": DeemedRule,
}
# Pages that look different to each of those who may open them.
EVERYBODYS = {"admin:index", "admin:leads_lead_changelist", "admin:segment_tree", "admin:team_page"}
# Latin that a Chinese office writes itself: formats, standards, the numbers of leads and
# questions, the example of an account's name.
LATIN = {
    *("XLSX", "Excel", "Word", "PowerPoint", "PDF", "JPG", "PNG", "WebP", "MB"),
    *("XS", "WT", "GB", "TOTP", "zhang", "wei", "png"),
    # What the administrator knows by these names alone.
    *("https", "JSON", "beat", "worker", "REDIS", "URL", "Message", "ID"),
    "kfq",  # the beginning of every token
}
FAULTS = Path(__file__).with_name("page_faults.js").read_text(encoding="utf-8")
SIZES = {"desk": DESKTOP, "phone": PHONE}


@dataclass(frozen=True)
class Demo:
    """The demo set under the names that every_address.txt uses for records."""

    team: TaskTeam

    @classmethod
    def load(cls) -> Demo:
        load_demo("a password for tests only")
        CalendarDay.objects.create(day=date(2031, 5, 5), is_workday=False, label="劳动节")
        tell_the_week()
        return cls(TaskTeam.objects.select_related("chain").get(chain__name="航空航天"))

    @cached_property
    def records(self) -> dict[str, Any]:
        chain = self.team.chain
        blocker = Blocker.objects.filter(lead__chain=chain, resolved_on=None).latest("pk")
        lead = blocker.lead
        contract = Contract.objects.filter(lead__chain=chain, counted=True).latest("pk")
        member = User.objects.get(username=PEOPLE["member_a"])
        project = contract.landed_project
        return {
            **self._lists(),
            **self._approvals(),
            **self._serving(lead, project),
            "team": self.team,
            "chain": chain,
            "blocker": blocker,
            "lead": lead,
            "enterprise": lead.enterprise,
            "claim": lead.claim,
            "contact": Contact.objects.filter(enterprise=lead.enterprise).latest("pk"),
            "contract": contract,
            "project": project,
            "unopened": Contract.objects.filter(counted=True, landed_project=None).latest("pk"),
            "target": AnnualTarget.objects.filter(metric__code__in=COUNTED).latest("pk"),
            "asked": RulingRequest.objects.get(ruling=None),
            "ruling": Ruling.objects.latest("pk"),
            "token": a_token_of(member),
            "user": member,
            "colleague": self.team.group.user_set.latest("pk"),
            "mail": OutgoingMail.objects.filter(recipient=member).latest("pk"),
            "reminder": Reminder.objects.open().filter(recipient=member).latest("pk"),
        }

    def _approvals(self) -> dict[str, Any]:
        """The chain's plan with a step that runs, and what hangs on another one of it."""
        plans = ApprovalPlan.objects.filter(project__chain=self.team.chain)
        plan = plans.exclude(project__contract=None).earliest("pk")
        step = plan.steps.filter(state="accepted").exclude(due_on=None).earliest("pk")
        item = MissingItem.objects.filter(step__plan=plan).earliest("pk")
        return {
            "approval_plan": plan,
            "approval_step": step,
            "template_step": step.template_step,
            "missing_item": item,
            "step_file": item.promise,
        }

    def _serving(self, lead: Lead, project: LandedProject) -> dict[str, Any]:
        """What the demo has not of each kind, or not of this team's: made as every address does."""
        people = {role: User.objects.get(username=name) for role, name in PEOPLE.items()}
        cast: Any = SimpleNamespace(**people)
        world = World(cast, people["administrator"], {"lead": lead, "project": project})
        add_construction(world, cast.head_a)
        add_promises(world, project.contract.commitments.earliest("pk"), cast.head_a)
        add_questions(world, cast)
        return world.records

    def _lists(self) -> dict[str, Any]:
        """The newest of the chain where a record belongs to one, or just the newest."""
        rows = {}
        for name, model in NEWEST.items():
            found = model._default_manager.order_by("-pk")
            if "chain" in {field.name for field in model._meta.get_fields()}:
                rows[name] = found.filter(chain=self.team.chain).first()
            rows[name] = rows.get(name) or found.first()
        return rows

    def key(self, name: str) -> int:
        return int(self.records[name].pk)


def a_token_of(person: User) -> ApiToken:
    return make_token(
        name="周报小程序",
        audience=Audience.OWNER,
        scopes=[TokenScope.LEADS_READ],
        last_day=timezone.localdate() + timedelta(days=30),
        by=person,
    ).token


def tell_the_week() -> None:
    """What the next working morning brings: reminders, messages, digests; one person is away."""
    morning = current_calendar().next_workday(timezone.localdate() + timedelta(days=1))
    moment = timezone.make_aware(datetime.combine(morning, time(9)))
    run_reminders(moment)
    make_digests(moment + timedelta(days=7))
    person = User.objects.get(username=PEOPLE["member_a"])
    enter_absence(
        user=person, first_day=morning, last_day=morning + timedelta(days=2), deputy=None, by=person
    )


def pages() -> Iterator[tuple[Case, str]]:
    """Every address that shows a page, with whom it is shown to; some to several people."""
    for case in cases():
        if case.method == "GET" and case.name not in NO_PAGES:
            roles = [role for role in PEOPLE if case.expected(role) == 200]
            if case.name == "admin:leads_contract_open_project":  # of another chain in the demo
                case, roles = replace(case, record="unopened"), ["coordinator"]
            for role in roles if case.name in EVERYBODYS else roles[:1]:
                yield case, role


def latin_of_the_demo() -> set[str]:
    """Names that stand in the records: of people's accounts, of foreign companies, of ships."""
    said = [
        *User.objects.values_list("username", flat=True),
        *User.objects.values_list("email", flat=True),
        *Enterprise.objects.values_list("name", flat=True),
        *Enterprise.objects.exclude(uscc=None).values_list("uscc", flat=True),
        *Lead.objects.values_list("title", flat=True),
        *Segment.objects.values_list("name", flat=True),
        *OutgoingMail.objects.values_list("message_id", flat=True),
        *Department.objects.values_list("code", flat=True),
        *map(asking_token, AskingLink.objects.all()),
    ]
    return set(re.findall(r"[A-Za-z][A-Za-z'’]+", " ".join(said)))


def enter(page: Page, username: str, base_url: str) -> None:
    client = Client()
    client.force_login(User.objects.get(username=username))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": base_url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # a plain dict is what it takes


def test_every_page_fits_in_chinese_on_a_desk_and_on_a_phone(
    transactional_db: None, page: Page, base_url: str
) -> None:
    demo, found = Demo.load(), list[str]()
    assert demo.records  # all are made before their names are asked
    known = sorted(LATIN | latin_of_the_demo())
    for role, username in PEOPLE.items():
        enter(page, username, base_url)
        for case in [case for case, seen_by in pages() if seen_by == role]:
            answer = page.goto(case.address(demo))  # type: ignore[arg-type]  # has its `key`
            assert answer is not None
            if answer.status != 200:
                found.append(f"{answer.status} · {case} as {role}")
            for size, screen in SIZES.items():
                page.set_viewport_size(screen)  # type: ignore[arg-type]  # as above
                for fault in page.evaluate(FAULTS, [size == "phone", known]):
                    found.append(f"{fault} · {case} as {role} on a {size}")
    assert not found, "\n".join(found)
