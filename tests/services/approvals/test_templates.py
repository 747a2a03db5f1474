"""Templates: a circle is refused and named, and so is every other mistake in one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_crm.base.errors import RuleViolation, VersionConflict
from leads.permissions import NotAllowed
from services.actions.templates import PaperValues, create_template, save_template
from services.ordering import circle_in, in_order, without
from tests.cast import Cast
from tests.services.approvals.world import Office, template_steps


def test_a_circle_is_refused_and_named(cast: Cast, office: Office) -> None:
    steps = template_steps(office.planning, office.environment)
    steps[0] = replace(steps[0], depends_on=["permit"])
    with pytest.raises(RuleViolation) as refused:
        save_template(template=office.template, steps=steps, by=cast.coordinator)
    assert refused.value.code == "circle"
    assert refused.value.field == "depends_on"
    assert "环评审批 → 施工许可 → 项目备案 → 环评审批" in str(refused.value)
    assert office.template.steps.get(code="register").depends_on.count() == 0


def test_a_step_that_waits_for_itself_is_a_circle() -> None:
    assert circle_in({"a": ["a"]}) == ["a", "a"]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"depends_on": ["nowhere"]}, "unknown_step", "depends_on"),
        ({"code": "planning"}, "code_twice", "code"),
        ({"working_days": 0}, "working_days", "working_days"),
        ({"working_days": 366}, "working_days", "working_days"),
        ({"published": ""}, "no_ground", "published"),
        ({"name": ""}, "blank", "name"),
        ({"name": "长" * 81}, "max_length", "name"),
        ({"stage": "nothing"}, "invalid_choice", "stage"),
        ({"papers": [PaperValues("图纸"), PaperValues("图纸")]}, "paper_twice", "papers"),
        ({"papers": [PaperValues(" ")]}, "blank", "name"),
    ],
)
def test_a_mistake_in_a_template_is_refused_at_its_field(
    cast: Cast, office: Office, change: dict[str, Any], code: str, field: str
) -> None:
    steps = template_steps(office.planning, office.environment)
    steps[0] = replace(steps[0], **change)
    with pytest.raises(RuleViolation) as refused:
        save_template(template=office.template, steps=steps, by=cast.coordinator)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert office.template.steps.count() == 4


def test_a_step_of_the_same_code_is_kept_and_its_history_goes_on(
    cast: Cast, office: Office
) -> None:
    before = office.template.steps.get(code="permit")
    steps = template_steps(office.planning, office.environment)
    steps[3] = replace(steps[3], working_days=1, papers=[PaperValues("图审合格书", is_main=True)])
    save_template(template=office.template, steps=steps, by=cast.coordinator)
    after = office.template.steps.get(code="permit")
    assert after.pk == before.pk
    assert [row.working_days for row in after.history.all()] == [1, 2]
    assert [paper.name for paper in after.papers.all()] == ["图审合格书"]
    assert {one.code for one in after.depends_on.all()} == {"planning", "environment"}


def test_only_the_coordination_office_edits_templates_and_never_over_another(
    cast: Cast, office: Office
) -> None:
    with pytest.raises(NotAllowed):
        create_template(code="x", name="某模板", by=office.helper)
    save_template(template=office.template, steps=(), by=cast.coordinator)
    with pytest.raises(VersionConflict):
        save_template(template=office.template, steps=(), by=cast.coordinator, expected=1)
    with pytest.raises(RuleViolation) as refused:
        create_template(code="industry", name="另一模板", by=cast.coordinator)
    assert refused.value.code == "code_taken"


CODES = st.sampled_from("abcdefg")
BEFORE = st.dictionaries(CODES, st.sets(CODES, max_size=3), max_size=7)


@given(BEFORE)
def test_either_there_is_an_order_or_a_circle_that_is_one(before: dict[str, set[str]]) -> None:
    circle = circle_in(before)
    if circle:
        assert circle[0] == circle[-1]
        assert all(earlier in before[later] for earlier, later in pairwise(circle))
        return
    order = in_order(before)
    for code, others in before.items():
        assert all(order.index(other) < order.index(code) for other in others)


def test_who_waited_for_a_step_left_out_waits_for_what_that_waited_for() -> None:
    before = {"a": [], "b": ["a"], "c": ["b"], "d": ["c", "a"]}
    assert without(before, {"b", "c"}) == {"a": set(), "d": {"a"}}
