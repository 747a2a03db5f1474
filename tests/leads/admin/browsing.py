"""What the tests of pages share: addresses of a lead, signing in, forms as pages send them."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from kfq_crm.base.models import User
from leads.models import Lead

A_MONDAY = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
CHINESE = re.compile("[\u4e00-\u9fff]")
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89"
    b"\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)


def page(lead: Lead, **query: str) -> str:
    return reverse("admin:leads_lead_page", args=[lead.pk], query=query or None)


def verb(lead: Lead, name: str) -> str:
    return reverse(f"admin:leads_lead_{name}", args=[lead.pk])


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def send(client: Client, lead: Lead, name: str, **values: Any) -> Any:
    """Send a verb's form as the page just opened shows it."""
    lead.refresh_from_db()
    return client.post(verb(lead, name), {"expected_version": lead.version, **values})


def picture(name: str = "现场.png", content: bytes = PNG) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/png")


def paper(**values: Any) -> dict[str, Any]:
    """What the form sends: amounts as words, everything else as typed."""
    return {
        "number": "靖开招〔2026〕7号",
        "kind": "investment",
        "signed_on": "2026.11.20",
        "our_party": "靖江经济技术开发区管理委员会",
        "their_party": "投资方",
        "investment": "3.2亿",
        "fixed_investment": "2.1亿元",
        "land_mu": "９６.５",
        "exclusion": "",
        "legal_review_reference": "法审〔2026〕7号",
        "fair_competition_reference": "公审〔2026〕7号",
        **values,
    }
