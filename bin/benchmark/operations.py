"""What is measured: one thing that people do, as the product, the plain admin and SQL do it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlencode

LIST, SEARCH, PAGE, LOG = "list", "search", "page", "log"
FARTHEST = 500

_COLUMNS = "id, title, company, chain, stage, investment, owner, next_action, next_action_on"
_INSERT = (
    "INSERT INTO plain_lead ({}, stage, exit, source, currency, summary, initials, waiting_for, "
    "next_action, created_at) VALUES ({}, 'lead', '', 'visit', 'CNY', '', '', 'team', '', now())"
)
_PLAIN = "/admin/plain/lead/"


@dataclass(frozen=True)
class Case:
    """One request of each side, as the arguments of its verb."""

    product: dict[str, Any]
    plain: dict[str, Any]
    sql: dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """The cases are asked for in turn, so that no answer is remembered from the last time."""

    name: str
    kind: str
    cases: list[Case]

    def times(self, rounds: int) -> Iterable[Case]:
        return islice(cycle(self.cases), rounds)


def operations(found: dict[str, Any]) -> list[Operation]:
    """All of them, in the order of the table; `found` is what the product prepared."""
    return [*_lists(found), *_searches(found), _page(found), _log(found)]


# --- Lists ------------------------------------------------------------------------------------


def _lists(found: dict[str, Any]) -> list[Operation]:
    chain = found["chain"]
    by_desk = [
        _list(
            found,
            {"owner": d["owner"], "stage": d["stage"]},
            {"owner__exact": d["owner"], "stage__exact": d["stage"]},
            ("owner = %s AND stage = %s", [d["owner"], d["stage"]]),
        )
        for d in found["desks"]
    ]
    own = _list(
        found, {"tab": "all"}, {"chain__exact": chain}, ("chain = %s", [chain]), who="member"
    )
    number = max(1, min(FARTHEST, found["leads"] * 9 // 10 // found["per_page"]))
    far = _list(found, {"p": number}, {"p": number}, ("true", []), skip=number - 1)
    return [
        Operation("list: first page", LIST, [_list(found, {}, {}, ("true", []))]),
        Operation("list: owner + stage", LIST, by_desk),
        Operation("list: own team's scope", LIST, [own]),
        Operation(f"list: page {number}", LIST, [far]),
    ]


def _list(
    found: dict[str, Any],
    product: dict[str, Any],
    plain: dict[str, Any],
    where: tuple[str, list[Any]],
    *,
    who: str = "coordinator",
    skip: int = 0,
) -> Case:
    condition, params = where
    statement = (
        f"SELECT {_COLUMNS} FROM plain_lead WHERE {condition} ORDER BY id DESC "  # noqa: S608 — conditions of ours
        f"LIMIT {found['per_page']} OFFSET {skip * found['per_page']}"
    )
    return Case(
        {"who": who, "path": _address(found["paths"]["list"], product)},
        {"path": _address(_PLAIN, plain)},
        {"statement": statement, "params": params},
    )


def _address(path: str, query: dict[str, Any]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


# --- Searches ---------------------------------------------------------------------------------

_SEARCHED = ("title", "company", "initials", "phone")
_KINDS = {
    "two": "search: two-character word",
    "rare": "search: rare name",
    "initials": "search: pinyin initials",
    "digits": "search: last digits of a phone",
}


def _searches(found: dict[str, Any]) -> list[Operation]:
    whole = [
        Operation(name, SEARCH, [_search(found, word) for word in found["words"][kind]])
        for kind, name in _KINDS.items()
    ]
    own = [_search(found, word, found["chain"]) for word in found["own_words"]]
    return [*whole, Operation("search: two characters, own team", SEARCH, own)]


def _search(found: dict[str, Any], word: str, chain: int | None = None) -> Case:
    condition = " OR ".join(f"{column} ILIKE %s" for column in _SEARCHED)
    params: list[Any] = [f"%{word}%"] * len(_SEARCHED)
    if chain is None:
        return _list(found, {"q": word}, {"q": word}, (condition, params))
    plain = {"q": word, "chain__exact": chain}
    where = (f"chain = %s AND ({condition})", [chain, *params])
    return _list(found, {"q": word}, plain, where, who="member")


# --- One lead ---------------------------------------------------------------------------------


def _page(found: dict[str, Any]) -> Operation:
    cases = [
        Case(
            {"who": "member", "path": found["paths"]["page"].replace("/0/", f"/{lead}/")},
            {"path": f"{_PLAIN}{lead}/change/"},
            {"statement": "SELECT * FROM plain_lead WHERE id = %s", "params": [lead]},
        )
        for lead in found["pages"]
    ]
    return Operation("lead page, 50 follow-ups", PAGE, cases)


def _log(found: dict[str, Any]) -> Operation:
    """The form of either admin, sent: on both sides all that a person's click sets off."""
    return Operation("log a lead", LOG, [_new(found, company) for company in found["new"]])


def _new(found: dict[str, Any], company: dict[str, str]) -> Case:
    common = {"title": company["name"], "source": "visit", "waiting_for": "team"}
    keys = {"chain": found["chain"], "owner": found["member"]}
    contact = {"contact_name": company["contact"], "contact_phone": company["phone"]}
    row = {
        **common,
        **keys,
        "company": company["name"],
        "initials": "",
        "phone": company["phone"],
        "stage": "lead",
        "currency": "CNY",
        "created_at_0": "2024-03-01",
        "created_at_1": "09:30",
    }
    inserted = {name: row[name] for name in ("title", "company", "phone", "chain", "owner")}
    return Case(
        {
            "who": "member",
            "path": found["paths"]["add"],
            "data": {**common, **keys, **contact, "investor": company["name"]},
        },
        {"path": f"{_PLAIN}add/", "data": row},
        {
            "statement": _INSERT.format(", ".join(inserted), ", ".join(["%s"] * len(inserted))),
            "params": list(inserted.values()),
        },
    )
