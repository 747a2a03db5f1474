"""Templates of approval plans: saved as a whole, so that no circle can slip in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.columns import check_columns, fill
from kfq_crm.base.errors import RuleViolation
from leads.permissions import NotAllowed
from services.models import (
    ApprovalTemplate,
    Department,
    TemplateDependency,
    TemplatePaper,
    TemplateStep,
)
from services.ordering import circle_in

if TYPE_CHECKING:
    from kfq_crm.base.models import User

COLUMNS = (
    "name",
    "department",
    "stage",
    "working_days",
    "published",
    "inferred",
    "may_be_deemed",
    "order",
)
PLAIN = ("department_id", *(name for name in COLUMNS if name != "department"))


@dataclass(frozen=True)
class PaperValues:
    """A paper that a step asks for; a main one cannot be promised for later."""

    name: str
    is_main: bool = False


@dataclass(frozen=True)
class StepValues:
    """One step as the template's editor or the seeds hold it. `depends_on`: codes of others."""

    code: str
    name: str
    department: Department
    stage: str
    working_days: int
    published: str = ""
    inferred: bool = False
    may_be_deemed: bool = True
    order: int = 0
    depends_on: Collection[str] = ()
    papers: Sequence[PaperValues] = field(default_factory=tuple)


@transaction.atomic
def create_template(
    *, code: str, name: str, by: User | None, about: str = "", steps: Sequence[StepValues] = ()
) -> ApprovalTemplate:
    """Enter a template with its steps. `by` is None for seeds."""
    _require_setup(by)
    template = ApprovalTemplate(code=code, name=name.strip(), about=about.strip())
    if ApprovalTemplate.objects.filter(code=code).exists():
        raise RuleViolation("code_taken", _("There is a template of this code."), "code")
    if ApprovalTemplate.objects.filter(name=template.name).exists():
        raise RuleViolation("name_taken", _("There is a template of this name."), "name")
    concurrency.create(template, by=by)
    _replace_steps(template, steps, by)
    return template


@transaction.atomic
def save_template(
    *,
    template: ApprovalTemplate,
    steps: Sequence[StepValues],
    by: User | None,
    expected: int | None = None,
    values: Mapping[str, Any] | None = None,
) -> ApprovalTemplate:
    """Replace the template's steps by these, all or none; those of the same code are kept.

    `values`: name, about and is_active of the template. Plans made before keep their own copies.
    Raises RuleViolation at `depends_on` for a circle, which it names, and for an unknown code.
    """
    _require_setup(by)
    locked = concurrency.lock(ApprovalTemplate.objects.all(), template.pk, expected)
    fill(locked, {"name", "about", "is_active"}, values or {})
    _replace_steps(locked, steps, by)
    return concurrency.save(locked, by=by)


def check_steps(steps: Sequence[StepValues]) -> None:
    """Raise what saving these steps would raise of their codes and their order."""
    codes = Counter(step.code for step in steps)
    twice = [code for code, number in codes.items() if number > 1]
    if twice:
        raise RuleViolation(
            "code_twice", _("The code “%(code)s” stands there twice.") % {"code": twice[0]}, "code"
        )
    for step in steps:
        unknown = set(step.depends_on) - codes.keys()
        if unknown:
            message = _("“%(step)s” begins after a step that is not there: %(code)s.")
            told = {"step": step.name, "code": min(unknown)}
            raise RuleViolation("unknown_step", message % told, "depends_on")
    refuse_circle({step.code: step.depends_on for step in steps}, {s.code: s.name for s in steps})


def refuse_circle(before: Mapping[str, Collection[str]], names: Mapping[str, str]) -> None:
    """RuleViolation `circle` at `depends_on`, with the names of the steps in their order."""
    circle = circle_in(before)
    if circle:
        told = " → ".join(names.get(code, code) for code in circle)
        raise RuleViolation(
            "circle",
            _("These steps wait for each other: %(circle)s.") % {"circle": told},
            "depends_on",
        )


def _replace_steps(
    template: ApprovalTemplate, steps: Sequence[StepValues], by: User | None
) -> None:
    check_steps(steps)
    kept = {step.code: step for step in template.steps.all()}
    gone = [step.pk for code, step in kept.items() if code not in {one.code for one in steps}]
    TemplateStep.objects.filter(pk__in=gone).delete()
    saved = {
        values.code: _save_step(template, kept.get(values.code), values, by) for values in steps
    }
    TemplateDependency.objects.filter(step__template=template).delete()
    TemplateDependency.objects.bulk_create(
        TemplateDependency(step=saved[values.code], on=saved[code])
        for values in steps
        for code in sorted(values.depends_on)
    )
    TemplatePaper.objects.filter(step__template=template).delete()
    TemplatePaper.objects.bulk_create(
        TemplatePaper(step=saved[one.code], name=name, is_main=is_main, order=place)
        for one in steps
        for place, (name, is_main) in enumerate(_checked_papers(one))
    )


def _save_step(
    template: ApprovalTemplate, step: TemplateStep | None, values: StepValues, by: User | None
) -> TemplateStep:
    if step is None:
        step = TemplateStep(template=template, code=values.code)
    before = {name: getattr(step, name, None) for name in PLAIN}
    fill(step, set(COLUMNS), {name: getattr(values, name) for name in COLUMNS})
    _check_step(step)
    if step.pk is None:
        return concurrency.create(step, by=by)
    after = {name: getattr(step, name) for name in before}
    return step if before == after else concurrency.save(step, by=by)


def _check_step(step: TemplateStep) -> None:
    check_columns(step)
    if not 1 <= step.working_days <= 365:
        raise RuleViolation(
            "working_days", _("A limit lies between 1 and 365 working days."), "working_days"
        )
    if not step.published and not step.inferred:
        raise RuleViolation(
            "no_ground",
            _("Name the document that gives this limit, or mark it as our inference."),
            "published",
        )


def _checked_papers(values: StepValues) -> list[tuple[str, bool]]:
    papers = [(paper.name.strip(), paper.is_main) for paper in values.papers]
    names = Counter(name for name, _is_main in papers)
    for name, number in names.items():
        if number > 1:
            message = _("The paper “%(name)s” stands there twice.") % {"name": name}
            raise RuleViolation("paper_twice", message, "papers")
        check_columns(TemplatePaper(name=name), {"name"})
    return papers


def _require_setup(by: User | None) -> None:
    if by is not None and not by.has_perm("services.change_approvaltemplate"):
        raise NotAllowed("not_allowed", _("Only the coordination office may do this."))
