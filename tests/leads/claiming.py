"""What the tests of claims share: a company, who holds it, a ruling."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from leads.actions.claims import rule_on_claim
from leads.models import Claim, ClaimKey, Ruling, RulingRequest
from tests.factories import a_uscc

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
DAY = timedelta(days=1)
COMPANY = "江苏航天信控动力有限公司"
FIRST = {
    "investor": COMPANY,
    "uscc": a_uscc(7),
    "parent_group": "航天科技控股集团",
    "contact_name": "王经理",
    "contact_phone": "138 1234 5678",
}


def holders() -> dict[str, str]:
    """Company and team of each claim in force."""
    return {claim.enterprise.name: claim.team.name for claim in Claim.objects.active()}


def held_keys() -> set[tuple[str, str]]:
    return set(ClaimKey.objects.values_list("kind", "value"))


def rule(request: RulingRequest, holder: Any, by: Any, reasons: str = "先谈者为先") -> Ruling:
    return rule_on_claim(request=request, holder=holder, reasons=reasons, by=by, now=MONDAY)
