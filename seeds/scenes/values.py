"""From the words of the demo file to the values that actions take."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chains.models import Chain, Outpost, Segment
from kfq_crm.base.amounts import parse_amount
from kfq_crm.base.models import User

NUMBERS = ("land_mu", "plant_m2", "energy_tce")
TEXTS = ("emissions", "talent_need", "fund", "referrer", "landing_park", "code_name")
COMPANY = {"uscc": "uscc", "country": "country", "parent": "parent_group"}
OFFICIAL = {"region": "region_code", "industry": "industry_code"}
DIMENSIONS = ("industry", "market", "technology", "environment", "energy", "benefit")
OUR_PARTY = "开发区管委会（演示）"


def lead_values(
    row: dict[str, Any], people: dict[str, User], outposts: dict[str, Outpost]
) -> dict[str, Any]:
    """What a member types to log the lead."""
    chain = Chain.objects.get(code=row["chain"])
    values = {
        "title": row["title"],
        "chain": chain,
        "segment": Segment.objects.get(chain=chain, code=row["segment"]),
        "secondary_chains": Chain.objects.filter(code__in=row.get("secondary_chains", [])),
        "owner": people[row["owner"]],
        "source": row["source"]["kind"],
        "source_detail": row["source"]["text"],
        "outpost": outposts[row["outpost"]] if "outpost" in row else None,
        "confidential": row.get("confidential", False),
        "readers": [people[name] for name in row.get("readers", [])],
        "contact_name": row["contacts"][0]["name"],
        "contact_phone": row["contacts"][0]["phone"],
    }
    values.update({key: Decimal(row[key]) for key in NUMBERS if key in row})
    values.update({key: row[key] for key in TEXTS if key in row})
    return {**values, **_company(row["company"]), **amounts(row)}


def _company(company: dict[str, Any]) -> dict[str, Any]:
    given = {field: company[key] for key, field in COMPANY.items() if key in company}
    return {"investor": company["name"], **given}


def official_codes(company: dict[str, Any]) -> dict[str, Any]:
    """Industry and region of a company."""
    return {field: company[key] for key, field in OFFICIAL.items() if key in company}


def amounts(row: dict[str, Any]) -> dict[str, Any]:
    """Investment and fixed investment with their currency, as typed."""
    if not row.get("investment"):
        return {}
    total = parse_amount(row["investment"])
    values = {"investment": total.value, "currency": total.currency}
    if row.get("fixed_investment"):
        values["fixed_investment"] = parse_amount(row["fixed_investment"]).value
    return values


def screening_values(row: dict[str, Any]) -> dict[str, Any]:
    """The verdict with its six judgements."""
    return {"verdict": row["verdict"], **dict(zip(DIMENSIONS, row["notes"], strict=True))}


def contract_values(row: dict[str, Any], company: str) -> dict[str, Any]:
    """A signed paper without its days."""
    return {
        "number": row["number"],
        "kind": row["kind"],
        "our_party": OUR_PARTY,
        "their_party": company,
        "land_mu": Decimal(row["land_mu"]) if row.get("land_mu") else None,
        "tax_per_mu": parse_amount(row["tax_per_mu"]).value if row.get("tax_per_mu") else None,
        "breach_clauses": row.get("breach", ""),
        "legal_review_reference": row.get("legal_review", ""),
        "fair_competition_reference": row.get("fair_competition", ""),
        **amounts(row),
    }


def commitment_values(row: dict[str, Any]) -> dict[str, Any]:
    """A promise without its day."""
    promised = Decimal(row["promised"]) if row["promised"] else None
    return {
        "side": row["side"],
        "metric": row["metric"],
        "promised": promised,
        "unit": row["unit"] or "",
        "clause": row.get("clause", ""),
    }


def exit_values(row: dict[str, Any]) -> dict[str, Any]:
    """Way out, reason and words, the other place or park first."""
    where = row.get("place") or row.get("to")
    return {
        "exit": row["kind"],
        "reason": row.get("reason", ""),
        "detail": "：".join(filter(None, (where, row["text"]))),
    }
