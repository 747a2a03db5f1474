"""Stages of a lead: what they are, which moves exist, what must be true to enter.

Pure: facts come in, verdicts go out. The gates are those of the zone's own procedure; the
table is the product, so it is written here once and everything else asks it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.errors import Requirement


class Stage(models.TextChoices):
    LEAD = "lead", _("lead (stage)")
    SCREENING = "screening", _("screening (stage)")
    NEGOTIATING = "negotiating", _("in negotiation (stage)")
    REVIEW = "review", _("joint review (stage)")
    SIGNED = "signed", _("signed (stage)")


ORDER = (Stage.LEAD, Stage.SCREENING, Stage.NEGOTIATING, Stage.REVIEW, Stage.SIGNED)


class Exit(models.TextChoices):
    SHELVED = "shelved", _("shelved")
    TRANSFERRED = "transferred", _("passed on")
    LOST = "lost", _("lost")


class LossReason(models.TextChoices):
    LAND_OR_PLANT = "land_or_plant_mismatch", _("land or plant does not fit")
    ENERGY_OR_ENVIRONMENT = "energy_or_environment", _("energy use or environment")
    SUPPORTING_INDUSTRY = "supporting_industry_missing", _("supporting industry missing")
    LOGISTICS_OR_MARKET = "logistics_or_market", _("logistics or market")
    ANSWER_TOO_SLOW = "answer_too_slow", _("answered too slowly")
    POLICY_NOT_AGREED = "policy_not_agreed", _("no agreement on policy")
    CHOSE_ANOTHER_PLACE = "chose_another_place", _("chose another place")
    CAPITAL_OR_STRATEGY = "capital_or_strategy_change", _("change of capital or strategy")
    REJECTED_AT_REVIEW = "rejected_at_review", _("rejected at the joint review")
    CONTACT_LOST = "contact_lost", _("contact lost")


class Verdict(models.TextChoices):
    FOLLOW = "follow", _("follow up")
    RESERVE = "reserve", _("keep in reserve")
    DROP = "drop", _("do not follow up")


class Department(models.TextChoices):
    LAND = "land", _("land (department)")
    ENERGY = "energy", _("energy (department)")
    ENVIRONMENT = "environment", _("environment (department)")
    SAFETY = "safety", _("safety (department)")


@dataclass(frozen=True)
class LeadFacts:
    """What is on record about a lead; gathered in `leads.queries.facts_of`."""

    has_investor: bool = False
    has_chain: bool = False
    has_owner: bool = False
    has_source: bool = False
    duplicate_checked: bool = False
    verdict: str = ""
    two_way_contact: bool = False
    next_action_dated: bool = False
    opinions: frozenset[str] = field(default_factory=frozenset)
    has_minutes: bool = False
    has_investment_agreement: bool = False
    has_legal_review: bool = False
    has_fair_competition_review: bool = False


def next_stage(stage: str) -> Stage | None:
    """The stage after this one; None after the last."""
    place = ORDER.index(Stage(stage)) + 1
    return ORDER[place] if place < len(ORDER) else None


def earlier_stages(stage: str) -> tuple[Stage, ...]:
    """Stages that a lead moved on by mistake can be returned to."""
    return ORDER[: ORDER.index(Stage(stage))]


def checklist(stage: str, facts: LeadFacts) -> list[tuple[Requirement, bool]]:
    """Everything that entering the stage asks for, each with whether it is met."""
    return CHECKLISTS[Stage(stage)](facts)


def missing_for(stage: str, facts: LeadFacts) -> list[Requirement]:
    """What is not yet true for entering the stage; empty when the gate is open."""
    return [requirement for requirement, met in checklist(stage, facts) if not met]


def _lead(facts: LeadFacts) -> list[tuple[Requirement, bool]]:
    return [
        (Requirement("investor", _("name of the investor"), "details"), facts.has_investor),
        (Requirement("chain", _("an industry chain"), "details"), facts.has_chain),
        (Requirement("owner", _("a person in charge"), "details"), facts.has_owner),
        (Requirement("source", _("source of the lead"), "details"), facts.has_source),
        (
            Requirement("duplicate_check", _("duplicate check run"), "details"),
            facts.duplicate_checked,
        ),
    ]


def _screening(facts: LeadFacts) -> list[tuple[Requirement, bool]]:
    verdict = Requirement(
        "verdict",
        _("screening verdict on industry, market, technology, environment, energy and benefit"),
        "screening",
    )
    return [(verdict, bool(facts.verdict))]


def _negotiating(facts: LeadFacts) -> list[tuple[Requirement, bool]]:
    return [
        (
            Requirement("verdict_follow", _("the verdict is to follow up"), "screening"),
            facts.verdict == Verdict.FOLLOW,
        ),
        (
            Requirement("two_way_contact", _("a two-way contact on record"), "follow_up"),
            facts.two_way_contact,
        ),
        (
            Requirement("next_action", _("a dated next step"), "follow_up"),
            facts.next_action_dated,
        ),
    ]


def _review(facts: LeadFacts) -> list[tuple[Requirement, bool]]:
    opinions = [
        (
            Requirement(f"opinion_{code}", OPINION_LABELS[Department(code)], "opinions"),
            code in facts.opinions,
        )
        for code in Department.values
    ]
    minutes = Requirement("minutes", _("minutes of the joint review"), "review")
    return [*opinions, (minutes, facts.has_minutes)]


def _signed(facts: LeadFacts) -> list[tuple[Requirement, bool]]:
    return [
        (
            Requirement("agreement", _("a signed investment agreement"), "contract"),
            facts.has_investment_agreement,
        ),
        (
            Requirement("legal_review", _("reference of the legal review"), "contract"),
            facts.has_legal_review,
        ),
        (
            Requirement(
                "fair_competition", _("reference of the fair competition review"), "contract"
            ),
            facts.has_fair_competition_review,
        ),
    ]


OPINION_LABELS = {
    Department.LAND: _("opinion on land"),
    Department.ENERGY: _("opinion on energy use"),
    Department.ENVIRONMENT: _("opinion on the environment"),
    Department.SAFETY: _("opinion on safety"),
}
CHECKLISTS = {
    Stage.LEAD: _lead,
    Stage.SCREENING: _screening,
    Stage.NEGOTIATING: _negotiating,
    Stage.REVIEW: _review,
    Stage.SIGNED: _signed,
}
