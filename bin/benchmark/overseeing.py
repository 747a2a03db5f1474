"""The mayor's overview as a program asks for it, and the bare SQL of its figures, as verbs of a
worker."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone

from benchmark.statements import Statement, send_again, taken_down
from kfq_crm.base import concurrency
from kfq_crm.base.models import Audience, TokenScope, User
from kfq_crm.base.token_models import KEEP_TOKENS
from kfq_crm.base.tokens import make_token
from kfq_crm.overview.api.answer import overview_of
from kfq_crm.overview.api.asking import asked_of
from leads.models import Lead

made: dict[str, Any] = {}
LONG_AGO = 180


def prepare() -> dict[str, Any]:
    """A token of the mayor's office, which counts confidential leads that it may not read."""
    keeper, _made = User.objects.get_or_create(username="bench.overseer")
    app, codename = KEEP_TOKENS.split(".")
    keeper.user_permissions.add(
        Permission.objects.get(content_type__app_label=app, codename=codename)
    )
    made["token"] = make_token(
        name="bench overview",
        audience=Audience.MAYORS_OFFICE,
        scopes=[TokenScope.OVERVIEW_READ],
        last_day=timezone.localdate() + timedelta(days=2),
        requests_per_minute=100_000,
        by=User.objects.get(pk=keeper.pk),
    )
    past = timezone.localdate() - timedelta(days=LONG_AGO)
    return {"token": made["token"].text, "past": past.isoformat()}


def write() -> dict[str, int]:
    """One lead is written to: nothing that was remembered holds any longer."""
    with transaction.atomic():
        lead = concurrency.lock(Lead.objects.all(), Lead.objects.order_by("-pk")[0].pk)
        concurrency.touch(lead, by=None)
    return {"lead": lead.pk}


def bare(query: dict[str, str]) -> dict[str, float]:
    """The figures once more: in this process, then their statements by the driver alone."""
    user = made["token"].token.owner
    with taken_down() as statements:
        began = time.perf_counter()
        overview_of(user, asked_of(query))
        seconds = time.perf_counter() - began
    found = _work(statements)
    return {
        "ms": send_again(found) * 1000,
        "figures": seconds * 1000,
        "statements": len(found),
    }


def slowest(query: dict[str, str]) -> list[dict[str, Any]]:
    """Which statements take the time."""
    with taken_down() as statements:
        overview_of(made["token"].token.owner, asked_of(query))
    told = [
        {"ms": send_again([one]) * 1000, "statement": " ".join(one[0].split())[:200]}
        for one in _work(statements)
    ]
    return sorted(told, key=lambda row: -row["ms"])[:6]


def _work(statements: list[Statement]) -> list[Statement]:
    """All that figures are made with: reads, and the tables of a past day."""
    return [one for one in statements if one[0].startswith(("SELECT", "CREATE", "ANALYZE", "DROP"))]


VERBS = {"prepare": prepare, "write": write, "bare": bare, "slowest": slowest}
