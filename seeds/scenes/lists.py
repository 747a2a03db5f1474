"""Target companies, sites and policies of the chains, as their teams enter them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chains.actions.lists import save_record, save_target_company
from chains.models import Chain, ChainPolicy, Site, TargetCompany
from kfq_crm.base.models import User
from seeds.loading.store import read
from seeds.scenes.clock import Days


def fill_lists(people: dict[str, User], days: Days) -> None:
    """What every team has on its list before its first lead."""
    data = read("demo_lists")
    for row in data["target_companies"]:
        _target(row, people)
    for row in data["sites"]:
        _site(row)
    for row in data["policies"]:
        _policy(row, days)


def _target(row: dict[str, Any], people: dict[str, User]) -> None:
    chain = Chain.objects.get(code=row["chain"])
    segment = chain.segments.get(code=row["segment"])
    values = {
        "segment": segment,
        "gap": segment.gaps.get(kind=row["closes"]),
        "name": row["name"],
        "uscc": row.get("uscc", ""),
        "region": row["region"],
        "reason": row["reason"],
        "state": row["state"],
        "owner": people[row["owner"]],
    }
    save_target_company(company=TargetCompany(chain=chain), values=values, by=values["owner"])


def _site(row: dict[str, Any]) -> None:
    chain = Chain.objects.get(code=row["chain"])
    sizes = {key: Decimal(row[key]) for key in ("area_mu", "plant_m2") if key in row}
    values = {"label": row["label"], "place": row["place"], "state": row["state"], **sizes}
    save_record(record=Site(chain=chain), values=values, by=chain.team.head)


def _policy(row: dict[str, Any], days: Days) -> None:
    chain = Chain.objects.get(code=row["chain"])
    values = {
        "title": row["title"],
        "document_number": row["number"],
        "valid_until": days.ahead(row["valid_in"]),
        "summary": row["summary"],
    }
    save_record(record=ChainPolicy(chain=chain), values=values, by=chain.team.head)
