"""The product, as verbs of a worker: real people signed in, their pages through the test client."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchmark.plans import long_reads
from benchmark.worker import opened
from chains.actions.teams import add_member
from chains.models import TaskTeam
from chains.roles import COORDINATION, role_group
from kfq_crm.base.models import User
from kfq_crm.base.names import company_key, pinyin_initials
from leads.actions.followups import log_follow_up
from leads.models import Contact, Enterprise, Lead
from seeds.generators.words import CHARACTERS, FIELDS, SUMMARIES

CHAIN = "aerospace"
TALKS = 50
DAYS_OF_TALKS = 40
# The same words, people and leads at every run.
dice = random.Random(2024)  # noqa: S311 — picks what is measured, no secret
clients: dict[str, Client] = {}


def prepare(cases: int) -> dict[str, Any]:
    """Two people signed in, leads with long records, and what to ask for, from the data."""
    team = TaskTeam.objects.get(chain__code=CHAIN)
    member = _person("bench-member")
    add_member(team=team, user=member, by=None)
    coordinator = User.objects.create_user(
        "bench-office", display_name="bench office", is_staff=True
    )
    coordinator.groups.add(role_group(COORDINATION))
    for name, user in (("member", member), ("coordinator", coordinator)):
        clients[name] = Client(SERVER_NAME="localhost")
        clients[name].force_login(user, "django.contrib.auth.backends.ModelBackend")
    return {
        "chain": team.chain_id,
        "member": member.pk,
        "per_page": 50,
        "leads": Lead.objects.count(),
        "desks": _desks(cases),
        "words": _words(cases),
        "own_words": [word for word in FIELDS[CHAIN].trades if len(word) == 2],
        "pages": [_well_known(lead, member) for lead in _own(team.chain_id, min(cases, 5))],
        "new": [_new(number) for number in range(cases)],
        "paths": {
            "list": reverse("admin:leads_lead_changelist"),
            "page": reverse("admin:leads_lead_page", args=[0]),
            "add": reverse("admin:leads_lead_add"),
        },
    }


def _person(name: str) -> User:
    return User.objects.create_user(name, display_name=name, is_staff=True)


def _some(rows: Any, count: int) -> list[Any]:
    """Rows from all over a table, found by their keys."""
    first, last = (rows.order_by(order).values_list("pk", flat=True)[0] for order in ("pk", "-pk"))
    found = []
    while len(found) < count:
        found.append(rows.filter(pk__gte=dice.randint(first, last)).order_by("pk")[:1][0])
    return found


def _desks(count: int) -> list[dict[str, Any]]:
    leads = _some(Lead.objects.filter(confidential=False), count)
    return [{"owner": lead.owner_id, "stage": lead.stage} for lead in leads]


def _words(count: int) -> dict[str, list[str]]:
    # A company of confidential leads alone is found by nobody but their readers
    courted = Lead.objects.filter(confidential=False).values("enterprise")
    names = [row.name for row in _some(Enterprise.objects.filter(pk__in=courted), 2 * count)]
    phones = Contact.objects.exclude(phone_key="").filter(enterprise__in=courted)
    trades = [word for field in FIELDS.values() for word in field.trades if len(word) == 2]
    return {
        "two": dice.sample(trades, min(count, len(trades))),
        "rare": [company_key(name) for name in names[:count]],
        "initials": [pinyin_initials(company_key(name)) for name in names[count:]],
        "digits": [row.phone_key[-4:] for row in _some(phones, count)],
    }


def _own(chain: int, count: int) -> list[Lead]:
    return _some(Lead.objects.open().filter(chain=chain, confidential=False), count)


def _well_known(lead: Lead, member: User) -> int:
    """The lead's number, once it has fifty follow-ups."""
    now = timezone.now()
    for number in range(TALKS - lead.follow_ups.count()):
        at = now - timedelta(days=DAYS_OF_TALKS) * number / TALKS
        values = {
            "occurred_at": at,
            "method": "call",
            "summary": dice.choice(SUMMARIES),
            "two_way": True,
        }
        log_follow_up(lead=lead, values=values, by=member)
    return lead.pk


def _new(number: int) -> dict[str, str]:
    """A company that nobody knows."""
    name = "".join(dice.sample(CHARACTERS, 4)) + FIELDS[CHAIN].trades[0]
    return {
        "name": name,
        "contact": CHARACTERS[number % len(CHARACTERS)],
        "phone": f"1660000{number:04d}",
    }


def page(who: str, path: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    return opened(clients[who], path, data)


def plans(who: str, path: str) -> list[str]:
    """What the page's statements read of the large tables without an index."""
    return long_reads(lambda: opened(clients[who], path))


VERBS = {"prepare": prepare, "page": page, "plans": plans}
