from __future__ import annotations

import pickle

import pytest
from django.utils.functional import lazystr

from kfq_crm.base.errors import GateNotMet, Requirement, RuleViolation, VersionConflict

MINUTES = Requirement("minutes", "Minutes of the review", "review")


def test_rule_violation_reads_as_its_message():
    refused = RuleViolation("amount_negative", lazystr("An amount cannot be negative."), "total")
    assert str(refused) == "An amount cannot be negative."
    assert (refused.code, refused.field) == ("amount_negative", "total")


def test_rule_violation_needs_no_field():
    assert RuleViolation("closed", "The lead is closed.").field is None


def test_gate_not_met_is_a_rule_violation_with_what_is_missing():
    with pytest.raises(RuleViolation) as refused:
        raise GateNotMet("gate_not_met", "Not yet.", missing=(item for item in [MINUTES]))
    assert isinstance(refused.value, GateNotMet)
    assert refused.value.missing == [MINUTES]
    assert str(refused.value) == "Not yet."


@pytest.mark.parametrize(
    "refused",
    [RuleViolation("a", "b", "c"), GateNotMet("a", "b", [MINUTES], "c")],
)
def test_refusals_survive_the_way_between_processes(refused):
    copy = pickle.loads(pickle.dumps(refused))  # noqa: S301 — our own bytes
    assert vars(copy) == vars(refused)


def test_version_conflict_names_what_changed_without_its_content():
    conflict = VersionConflict(MINUTES, expected=3)
    assert conflict.instance is MINUTES
    assert conflict.expected == 3
    assert "Minutes" not in str(conflict)
    assert "3" in str(conflict)
