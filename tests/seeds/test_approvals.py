"""The template that the system starts with: in order, with a ground for every limit."""

import pytest

from kfq_crm.base.workdays import WorkCalendar
from leads.models import MilestoneKind
from seeds.loading.approvals import load_approvals, load_departments
from seeds.loading.store import read
from services.models import ApprovalTemplate, DeemedRule, Department, TemplateStep
from services.ordering import circle_in, planned
from tests.services.approvals.world import MONDAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loaded(db: None) -> None:
    load_departments()
    load_approvals()


def order() -> dict[str, set[str]]:
    return {
        step.code: set(step.depends_on.values_list("code", flat=True))
        for step in TemplateStep.objects.all()
    }


def test_the_template_leads_from_the_registration_to_the_title_of_the_plant() -> None:
    before = order()
    assert circle_in(before) == []
    assert [code for code, others in before.items() if not others] == ["company"]
    spans = planned(
        WorkCalendar(),
        MONDAY,
        before,
        dict(TemplateStep.objects.values_list("code", "working_days")),
    )
    assert max(spans, key=lambda code: spans[code].until_on) in ("property", "discharge")
    stages = list(MilestoneKind)
    placed = {step.code: stages.index(MilestoneKind(step.stage)) for step in _steps()}
    assert all(placed[other] <= placed[code] for code, others in before.items() for other in others)


def _steps() -> list[TemplateStep]:
    return list(TemplateStep.objects.all())


def test_every_limit_names_its_document_or_is_marked_as_ours() -> None:
    assert all(step.published or step.inferred for step in _steps())
    assert {step.published for step in _steps() if step.code == "fire-design"} == {
        "住房城乡建设部令第51号"
    }


@pytest.mark.parametrize(
    "code", ["fire-design", "fire-acceptance", "safety-design", "lightning-acceptance", "power"]
)
def test_no_delay_grants_what_is_safety_or_no_administrative_decision(code: str) -> None:
    assert not TemplateStep.objects.get(code=code).may_be_deemed


def test_every_step_asks_for_a_main_paper() -> None:
    for step in TemplateStep.objects.prefetch_related("papers"):
        assert any(paper.is_main for paper in step.papers.all()), step.code


def test_the_rule_is_that_of_the_document() -> None:
    rule = DeemedRule.objects.get()
    assert (rule.smallest_band, rule.paper_days, rule.inferred) == ("B", 1, False)
    assert "泰政办发〔2022〕58号" in rule.published


def test_loading_again_leaves_what_the_office_edited() -> None:
    Department.objects.filter(code="fire").update(name="消防大队")
    TemplateStep.objects.filter(code="power").delete()
    load_departments()
    load_approvals()
    assert Department.objects.get(code="fire").name == "消防大队"
    assert not TemplateStep.objects.filter(code="power").exists()
    assert ApprovalTemplate.objects.count() == 1
    assert Department.objects.count() == len(read("departments")["departments"])
