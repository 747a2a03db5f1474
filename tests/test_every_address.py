"""Who sees what at every address of the site, as exact sets; a new address needs a case.

Two properties need no table: hidden and missing cannot be told apart, and no page of anybody
holds a word of what is hidden from him or her.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from kfq_crm.base.models import CalendarDay, User, Versioned
from leads.models import Lead, Ruling
from tests.addresses import ROLES, Case, build_world, cases
from tests.addresses import every_address as walk
from tests.canaries import CANARIES, NUMBER, SECRETS, World
from tests.cast import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(400)]

CASES = cases()
# Open to people who have not signed in, and what they get.
OPEN = {
    "admin:login": 200,
    "admin:decide": 410,  # with a link that was never signed
    "admin:ask": 410,
    "admin:rate": 410,
    "healthz": 200,
    "readyz": 503,
    "metrics": 404,
}
# Not the admin's
OUTSIDE = {"home", "healthz", "readyz", "metrics"}
NOBODYS = 987654321
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
HIDDEN_FROM = {"member_b": CANARIES, "outsider": CANARIES, "administrator": CANARIES}
SECRET_FROM = set(ROLES) - {"member_a", "head_a"}
# What a person does to the own session or account is no write to anybody's record.
OWN = ("admin:logout", "admin:code_", "admin:password_change")


@pytest.fixture
def world(cast: Cast) -> World:
    return build_world(cast)


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def ask(visitor: Client, case: Case, address: str, data: Mapping[str, Any] | None = None) -> Any:
    send = visitor.post if case.method == "POST" else visitor.get
    return send(address, data or {})


def enter(visitor: Client, person: User) -> None:
    """Sign in, unless the last page left the person signed in."""
    if "_auth_user_id" not in visitor.session:
        visitor.force_login(person)


def text_of(answer: Any) -> str:
    """What a person could read in the answer: a page, a list of choices, a workbook, a name."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    said = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
    if body.startswith(b"PK"):
        book = openpyxl.load_workbook(BytesIO(body))
        cells = (cell for sheet in book for row in sheet.iter_rows() for cell in row)
        return said + " ".join(str(cell.value) for cell in cells)
    return said + TOKEN.sub("", body.decode("utf-8", "replace"))


def leaks(text: str, words: Mapping[str, str], typed: str = "") -> list[str]:
    """What of it can be read; a word that the person typed comes back in the search box."""
    return [name for name, word in words.items() if word in text and word not in typed]


def has_name(name: str) -> bool:
    return name.startswith("admin:") or name in OUTSIDE


def is_of_the_api(name: str) -> bool:
    """Programs have a table of their own: tests/test_every_api_address.py."""
    return name.startswith("api:") or name == "^api/"


# --- The table -------------------------------------------------------------------------------


def test_every_address_has_a_case_and_every_case_an_address() -> None:
    named = {name for name, _route in walk() if has_name(name)}
    assert named == {case.name for case in CASES}


def test_addresses_without_a_name_are_the_old_ones_of_a_record() -> None:
    nameless = {route for name, route in walk() if not has_name(name) and not is_of_the_api(name)}
    odd = {route for route in nameless if not route.endswith("/<path:object_id>/")}
    assert odd == {r"admin/(?P<url>.*)$"}


def test_nameless_addresses_tell_nothing(world: World, visitor: Client) -> None:
    visitor.force_login(world.cast.member_b)
    for _name, route in walk():
        if route.endswith("/<path:object_id>/") and "admin/" in route:
            base = "/" + route.replace("<path:object_id>/", "")
            here, missing = (visitor.get(f"{base}{key}/") for key in (1, NOBODYS))
            assert here.status_code == missing.status_code == 302
    assert visitor.get("/admin/nothing/here/").status_code == 404


@pytest.mark.parametrize("who", ["stranger", "disabled"])
def test_strangers_are_sent_to_the_sign_in_page(world: World, visitor: Client, who: str) -> None:
    if who == "disabled":
        visitor.force_login(world.cast.disabled)
    door = reverse("admin:login")
    for case in CASES:
        answer = ask(visitor, case, case.address(world))
        if case.name in OPEN:
            assert answer.status_code == OPEN[case.name], str(case)
        else:
            assert answer.status_code == 302, str(case)
            assert answer.headers["Location"].split("?")[0] == door, str(case)


@pytest.mark.parametrize("role", ROLES)
def test_each_of_the_cast_sees_exactly_this(world: World, visitor: Client, role: str) -> None:
    found, readable, shown = {}, {}, set()
    for case in CASES:
        enter(visitor, world.person(role))
        answer = ask(visitor, case, case.address(world))
        found[str(case)] = answer.status_code
        text = text_of(answer)
        leaked = leaks(text, HIDDEN_FROM.get(role, {}))
        if role in SECRET_FROM:
            leaked += leaks(text, SECRETS)
        if leaked:
            readable[str(case)] = leaked
        shown |= set(leaks(text, {**CANARIES, **SECRETS}))
    assert found == {str(case): case.expected(role) for case in CASES}
    assert readable == {}
    if role == "member_a":  # or the words would prove nothing
        assert shown == {*CANARIES, *SECRETS}


# --- Without a table -------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["member_b", "outsider", "administrator"])
def test_hidden_and_missing_cannot_be_told_apart(world: World, visitor: Client, role: str) -> None:
    told = []
    for case in CASES:
        if case.expected(role) != 404 or case.record in {"-", "entry"}:
            continue
        enter(visitor, world.person(role))
        hidden = ask(visitor, case, case.address(world))
        missing = ask(visitor, case, case.address(world, NOBODYS))
        if (hidden.status_code, plain(hidden)) != (missing.status_code, plain(missing)):
            told.append(str(case))
    assert told == []


def plain(answer: Any) -> str:
    return TOKEN.sub("", answer.content.decode())


@pytest.mark.parametrize("role", ["chain_leader_a", "second_member_a", "coordinator"])
def test_confidential_lead_is_hidden_at_every_address(
    world: World, visitor: Client, role: str
) -> None:
    world.records |= {"lead": world.records["secret"]}
    person = getattr(world.cast, role)
    seen = {}
    for case in CASES:
        if case.record == "lead":
            enter(visitor, person)
            seen[str(case)] = ask(visitor, case, case.address(world)).status_code
    refused = {str(case) for case in CASES if case.name == "admin:leads_lead_delete"}
    assert {name for name, status in seen.items() if status != 404} == refused
    assert {seen[name] for name in refused} == {403}


# --- Searching, picking, exporting -----------------------------------------------------------


WORDS = [
    *(CANARIES[name] for name in ("title", "company's key", "parent", "code", "number")),
    *(CANARIES[name] for name in ("contact", "contract", "target company", "policy", "site")),
    *SECRETS.values(),
    "jsq",
    "XS000001",
]


def searches(world: World, role: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Address, query and what was typed: every list and every picker, asked for every word."""
    lists = [c for c in CASES if c.name.endswith("_changelist") and c.expected(role) == 200]
    for word in WORDS:
        for case in lists:
            yield case.address(world), {"q": word}, word
        for name in ("admin:quick_log_leads", "admin:staff_search", "admin:search"):
            yield reverse(name), {"q": word, "term": word, "s": word, "extended": "1"}, word
        for field in pickers():
            yield reverse("admin:autocomplete"), {"term": word, **field}, word


def pickers() -> list[dict[str, str]]:
    """Every field of the admin that asks the server for choices."""
    return [
        {
            "app_label": model._meta.app_label,
            "model_name": str(model._meta.model_name),
            "field_name": field,
        }
        for model, model_admin in admin.site._registry.items()
        for field in model_admin.autocomplete_fields
    ]


@pytest.mark.slow
@pytest.mark.parametrize("role", ["member_b"])
def test_no_search_finds_what_is_hidden(world: World, visitor: Client, role: str) -> None:
    visitor.force_login(world.person(role))
    hidden = {**CANARIES, **SECRETS}
    found = {}
    for address, query, typed in searches(world, role):
        answer = visitor.get(address, query)
        leaked = leaks(text_of(answer), hidden, typed)
        if leaked:
            found[address, typed] = leaked
        listed = getattr(getattr(answer, "context", None), "get", lambda _key: None)("cl")
        if listed is not None and "/leads/" in address and "rul" not in address:
            assert not list(listed.result_list), (address, typed)
    assert found == {}


@pytest.mark.parametrize(
    "typed",
    [
        {"investor": CANARIES["company"]},
        {"investor": "另一家公司", "uscc": CANARIES["code"]},
        {"investor": "另一家公司", "parent_group": CANARIES["parent"]},
        {"investor": "另一家公司", "contact_phone": NUMBER},
    ],
)
def test_second_team_is_told_of_the_claim_and_nothing_more(
    world: World, visitor: Client, typed: dict[str, str]
) -> None:
    visitor.force_login(world.cast.member_b)
    answer = visitor.post(reverse("admin:leads_lead_check_company"), typed)
    text = text_of(answer)
    assert world.cast.team_a.name in text
    assert leaks(text, {**CANARIES, **SECRETS}, " ".join(typed.values())) == []


def test_export_holds_what_one_sees(world: World, visitor: Client) -> None:
    export = reverse("admin:leads_lead_export")
    visitor.force_login(world.cast.member_a)
    assert CANARIES["title"] in text_of(visitor.post(export, {"tab": "all"}))
    for role in ("member_b", "coordinator"):
        visitor.force_login(world.person(role))
        text = text_of(visitor.post(export, {"tab": "all"}))
        assert leaks(text, SECRETS) == []
        assert (CANARIES["title"] in text) is (role == "coordinator")


def test_chosen_rows_are_one_s_own(world: World, visitor: Client) -> None:
    """Ticking a hidden row by its number exports and hands over nothing."""
    visitor.force_login(world.cast.head_b)
    lead = world.records["lead"]
    for action in ("export_selected", "reassign_selected"):
        form = {"action": action, "_selected_action": [str(lead.pk)], "index": "0"}
        answer = visitor.post(reverse("admin:leads_lead_changelist"), form, follow=True)
        assert leaks(text_of(answer), CANARIES) == []
    assert Lead.objects.get(pk=lead.pk).owner == world.cast.member_a


# --- Nobody writes who may not ---------------------------------------------------------------


def state() -> dict[str, Any]:
    """Every revision of everything, and who belongs where."""
    models: list[type[Model]] = [m for m in apps.get_models() if issubclass(m, Versioned)]
    models = [m for m in models if "history" not in m.__name__.lower()]
    rows = {m.__name__: sorted(m._default_manager.values_list("pk", "version")) for m in models}
    groups = {g.pk: sorted(g.user_set.values_list("pk", flat=True)) for g in Group.objects.all()}
    others = {m.__name__: m._default_manager.count() for m in (Ruling, CalendarDay)}
    passwords = sorted(User.objects.values_list("pk", "password"))
    return {**rows, **others, "groups": groups, "passwords": passwords}


@pytest.mark.parametrize("role", ["chain_leader_a", "member_b", "outsider"])
def test_forms_sent_by_those_who_may_not_change_nothing(
    world: World, visitor: Client, role: str
) -> None:
    before = state()
    world_b = world.cast.team_b.pk
    form = {
        "post": "yes",
        "confirmed": "1",
        "expected_version": "1",
        "holder": str(world_b),
        "owner": str(world.cast.member_b.pk),
        "reasons": "x",
        "reason": "x",
        "grounds": "x",
        "name": "",
    }
    for case in CASES:
        if not case.name.startswith(OWN):
            enter(visitor, world.person(role))
            text_of(visitor.post(case.address(world), form))
    assert state() == before
