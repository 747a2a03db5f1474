"""The table of stages: which moves exist, and each gate with each requirement missing."""

from dataclasses import replace

import pytest

from leads.stages import (
    ORDER,
    Department,
    LeadFacts,
    Stage,
    Verdict,
    checklist,
    earlier_stages,
    missing_for,
    next_stage,
)

COMPLETE = LeadFacts(
    has_investor=True,
    has_chain=True,
    has_owner=True,
    has_source=True,
    duplicate_checked=True,
    verdict=Verdict.FOLLOW,
    two_way_contact=True,
    next_action_dated=True,
    opinions=frozenset(Department.values),
    has_minutes=True,
    has_investment_agreement=True,
    has_legal_review=True,
    has_fair_competition_review=True,
)

# Stage, the fact taken away, what is then missing
GATES = [
    (Stage.LEAD, {"has_investor": False}, {"investor"}),
    (Stage.LEAD, {"has_chain": False}, {"chain"}),
    (Stage.LEAD, {"has_owner": False}, {"owner"}),
    (Stage.LEAD, {"has_source": False}, {"source"}),
    (Stage.LEAD, {"duplicate_checked": False}, {"duplicate_check"}),
    (Stage.SCREENING, {"verdict": ""}, {"verdict"}),
    (Stage.NEGOTIATING, {"verdict": ""}, {"verdict_follow"}),
    (Stage.NEGOTIATING, {"verdict": Verdict.RESERVE}, {"verdict_follow"}),
    (Stage.NEGOTIATING, {"verdict": Verdict.DROP}, {"verdict_follow"}),
    (Stage.NEGOTIATING, {"two_way_contact": False}, {"two_way_contact"}),
    (Stage.NEGOTIATING, {"next_action_dated": False}, {"next_action"}),
    *(
        (
            Stage.REVIEW,
            {"opinions": frozenset(Department.values) - {department}},
            {f"opinion_{department}"},
        )
        for department in Department.values
    ),
    (Stage.REVIEW, {"has_minutes": False}, {"minutes"}),
    (Stage.SIGNED, {"has_investment_agreement": False}, {"agreement"}),
    (Stage.SIGNED, {"has_legal_review": False}, {"legal_review"}),
    (Stage.SIGNED, {"has_fair_competition_review": False}, {"fair_competition"}),
]


@pytest.mark.parametrize("stage", ORDER)
def test_gate_is_open_when_everything_is_on_record(stage: Stage) -> None:
    assert missing_for(stage, COMPLETE) == []


@pytest.mark.parametrize(("stage", "taken", "missing"), GATES)
def test_gate_names_what_is_missing(
    stage: Stage, taken: dict[str, object], missing: set[str]
) -> None:
    facts = replace(COMPLETE, **taken)
    assert {requirement.code for requirement in missing_for(stage, facts)} == missing


@pytest.mark.parametrize("stage", ORDER)
def test_gate_shows_everything_at_once(stage: Stage) -> None:
    codes = [requirement.code for requirement, _met in checklist(stage, LeadFacts())]
    assert codes == [requirement.code for requirement in missing_for(stage, LeadFacts())]
    assert len(codes) == len(set(codes))


def test_every_requirement_of_every_gate_is_tested_missing() -> None:
    tested = {code for _stage, _taken, missing in GATES for code in missing}
    stated = {requirement.code for stage in ORDER for requirement, _ in checklist(stage, COMPLETE)}
    assert tested == stated


@pytest.mark.parametrize("stage", ORDER)
def test_requirement_names_the_place_that_fills_it(stage: Stage) -> None:
    places = {requirement.place for requirement, _met in checklist(stage, COMPLETE)}
    assert places <= {"details", "screening", "follow_up", "opinions", "review", "contract"}


def test_screening_needs_a_verdict_of_any_kind() -> None:
    for verdict in Verdict.values:
        assert missing_for(Stage.SCREENING, replace(COMPLETE, verdict=verdict)) == []


def test_stages_follow_each_other() -> None:
    assert [next_stage(stage) for stage in ORDER] == [*ORDER[1:], None]


@pytest.mark.parametrize(
    ("stage", "earlier"),
    [(Stage.LEAD, ()), (Stage.SCREENING, (Stage.LEAD,)), (Stage.SIGNED, ORDER[:4])],
)
def test_lead_can_be_returned_to_earlier_stages_only(
    stage: Stage, earlier: tuple[Stage, ...]
) -> None:
    assert earlier_stages(stage) == earlier


def test_unknown_stage_is_an_error() -> None:
    with pytest.raises(ValueError, match="bogus"):
        missing_for("bogus", COMPLETE)
