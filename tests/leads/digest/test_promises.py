"""Promises in danger in the weekly digest: both sides', the worst first, nothing secret told."""

from decimal import Decimal
from typing import Any

import pytest
from django.template.loader import render_to_string

from leads.actions.pipeline import exit_lead
from leads.models import Lead
from leads.stages import Exit, LossReason
from tests.cast import Cast
from tests.leads.digest.weeks import a_rule, content
from tests.leads.promising import a_promise, a_signed_contract, ago, ahead, judge, measure, rules

NOW = "2026-11-23T08:00"


@pytest.fixture(autouse=True)
def _rules(db: None, time_machine: Any) -> None:
    time_machine.move_to(f"{NOW}:00+08:00", tick=False)
    rules()
    a_rule()


def told(cast: Cast) -> dict[str, Any] | None:
    return content(cast.chain_leader_a, cast.chain_a, "2026-W47", NOW).get("promises")


def test_section_is_left_out_where_nothing_is_in_danger(cast: Cast) -> None:
    contract = a_signed_contract(cast.member_a)
    kept = a_promise(contract, cast.member_a, due_on=ago(3))
    judge(kept, "met", cast.member_a, actual=Decimal(300))
    a_promise(contract, cast.member_a, promised=None, unit="")
    assert told(cast) is None


def test_both_sides_stand_the_worst_first(cast: Cast) -> None:
    contract = a_signed_contract(cast.member_a)
    slow = a_promise(contract, cast.member_a, metric="用工", due_on=ahead(100))
    measure(slow, 30, cast.member_a)
    a_promise(
        contract, cast.member_a, side="zone", metric="补贴", due_on=ago(3), promised=Decimal(100)
    )
    part = told(cast)
    assert part
    assert [(item["what"], item["colour"]) for item in part["items"]] == [
        ("补贴", "red"),
        ("用工", "red"),
    ]
    assert (part["total"], part["more"]) == (2, 0)
    for kind in ("html", "txt"):
        text = render_to_string(f"leads/digest/promises.{kind}", {"c": part})
        assert "补贴" in text
        assert contract.lead.title in text


def test_of_a_confidential_lead_nothing_written_is_told(cast: Cast) -> None:
    contract = a_signed_contract(cast.member_a)
    a_promise(contract, cast.member_a, metric="用工", due_on=ago(3))
    lead = Lead.objects.get(pk=contract.lead_id)
    Lead.objects.filter(pk=lead.pk).update(confidential=True, code_name="启明")
    lead.readers.add(cast.chain_leader_a)
    part = told(cast)
    assert part
    (item,) = part["items"]
    assert (item["name"], item["what"]) == ("启明", "")


def test_another_chains_promises_are_not_told(cast: Cast) -> None:
    a_promise(a_signed_contract(cast.member_b), cast.member_b, due_on=ago(3))
    assert told(cast) is None


def test_promises_of_an_ended_lead_are_not_told(cast: Cast) -> None:
    contract = a_signed_contract(cast.member_a)
    a_promise(contract, cast.member_a, due_on=ago(3))
    assert told(cast)
    exit_lead(
        lead=contract.lead, exit=Exit.LOST, reason=LossReason.CAPITAL_OR_STRATEGY, by=cast.member_a
    )
    assert told(cast) is None
