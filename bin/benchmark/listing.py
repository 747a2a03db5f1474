"""The product's lists as programs ask for them: a token, and the addresses that are measured."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.models import Count
from django.test import Client
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from benchmark.worker import measured
from kfq_crm.base.api.paging import BY_KEY, Order, _address, _fingerprint
from kfq_crm.base.models import Audience, TokenScope, User
from kfq_crm.base.token_models import KEEP_TOKENS
from kfq_crm.base.tokens import make_token
from leads.models import FollowUp, Lead
from seeds.generators.words import SUMMARIES

BASE = "/api/v1"
PAGE, FARTHEST = 100, 10_000
FOLLOW_UPS = 5
NEWEST_FIRST = Order(BY_KEY, descending=True)

_MORE = """
    INSERT INTO leads_followup (version, created_at, updated_at, occurred_at, method, two_way,
        our_people, their_people, summary, is_progress, next_action, logged_by_id, lead_id)
    SELECT 1, lead.created_at, lead.created_at, lead.created_at, 'call', true, '', '', %(words)s,
        false, '', lead.owner_id, lead.id
    FROM leads_lead AS lead CROSS JOIN generate_series(1, %(each)s)
"""


def prepare(leads: int) -> dict[str, Any]:
    """Five follow-ups a lead, a token of the mayor's office, and what to ask with it."""
    _talk(leads)
    made = _token()
    user = made.token.owner
    chain, stage = _busiest(user)
    filtered = {"chain": chain, "stage": stage, "overdue": "true"}
    shallow, deep = _far(Lead, "leads", user)
    _shallow, far = _far(FollowUp, "follow-ups", user)
    return {
        "token": made.text,
        "cases": [
            _case("leads, page 1", "leads", {}, {}),
            _case(f"leads, page {shallow:,}", "leads", *deep),
            _case("leads, chain + stage + overdue", "leads", filtered, filtered),
            _case("follow-ups, page 1", "follow-ups", {}, {}),
            _case(f"follow-ups, page {_shallow:,}", "follow-ups", *far),
        ],
    }


def _case(
    name: str, resource: str, product: dict[str, str], bare: dict[str, str]
) -> dict[str, Any]:
    factory = APIRequestFactory()
    return {
        "name": f"list: {name}",
        "is_judged": resource == "leads",  # of other lists nothing is asked but to tell
        "product": factory.get(f"{BASE}/{resource}/", product).get_full_path(),
        "bare": factory.get(f"/api/{resource}/", bare).get_full_path(),
    }


def _talk(leads: int) -> None:
    missing = FOLLOW_UPS - round(FollowUp.objects.count() / leads)
    if missing > 0:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_MORE, {"words": SUMMARIES[0], "each": missing})


def _token() -> Any:
    keeper, _made = User.objects.get_or_create(username="bench.keeper")
    app, codename = KEEP_TOKENS.split(".")
    keeper.user_permissions.add(
        Permission.objects.get(content_type__app_label=app, codename=codename)
    )
    return make_token(
        name="bench",
        audience=Audience.MAYORS_OFFICE,
        scopes=[TokenScope.LEADS_READ],
        last_day=timezone.localdate() + timedelta(days=2),
        requests_per_minute=100_000,
        by=User.objects.get(pk=keeper.pk),
    )


def _busiest(user: User) -> tuple[str, str]:
    """The chain and stage with the most overdue leads, so that the page is full."""
    overdue = Lead.objects.visible_to(user).filter(exit="", next_action_on__lt=timezone.localdate())
    grouped = overdue.order_by().values_list("chain__code", "stage").annotate(leads=Count("pk"))
    found = grouped.order_by("-leads").first()
    assert found
    chain, stage, _leads = found
    return chain, stage


def _far(
    model: Any, resource: str, user: User
) -> tuple[int, tuple[dict[str, str], dict[str, str]]]:
    """The last page but one, or page 10,000: its number, and both sides' ways to it.

    The cursor is made of the row before the page, as if a reader had come so far.
    """
    rows = model.objects.visible_to(user).order_by("-pk")
    number = max(2, min(FARTHEST, rows.count() // PAGE - 1))
    before = (number - 1) * PAGE - 1
    last = rows.only("pk")[before]
    request = Request(APIRequestFactory(HTTP_HOST="localhost").get(f"{BASE}/{resource}/"))
    address = _address(request, last, NEWEST_FIRST, _fingerprint(request, NEWEST_FIRST))
    cursor = address.rsplit("cursor=", 1)[1]
    return number, ({"cursor": _unquoted(cursor)}, {"after": str(last.pk)})


def _unquoted(text: str) -> str:
    return text.replace("%3A", ":")


def statements(path: str, token: str) -> dict[str, Any]:
    """How many statements an answer takes; the first one of a minute notes the token's use."""
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Token {token}"})
    client.get(path)
    answer, taken = measured(lambda: client.get(path))
    return {**taken, "rows": len(answer.json()["results"])}


VERBS = {"prepare": prepare, "statements": statements}
