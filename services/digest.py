"""Services in the weekly digest: what is overdue or went through by default, what waits unanswered.

A leader reads of the projects and enterprises of the own chain, each by name as far as its lead
may be told of; the coordination office reads the zone's departments in numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from leads.digest.reading import leads_of, readable_projects, said
from leads.digest.registry import Scope, Section, register
from services.models import ApprovalStep, Department, PlanState, Question

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from leads.models import Lead

PROJECTS, STEPS_OF_PROJECT, QUESTIONS = 8, 4, 6
READ = 200  # rows of a kind that are read; of more the oldest are told


class Services(Section):
    """By project: steps past their day and those granted by default in the week. Then questions
    past their limit. Left out where there is nothing of it."""

    code = "services"
    place = 47
    tells_of_now = True

    @property
    def template(self) -> str:
        return "services/digest_services"

    def content(self, scope: Scope) -> dict[str, Any] | None:
        projects, questions = _projects(scope), _questions(scope)
        if not projects and not questions:
            return None
        return {
            "projects": {
                "items": projects[:PROJECTS],
                "total": len(projects),
                "more": max(0, len(projects) - PROJECTS),
            },
            "questions": {
                "items": questions[:QUESTIONS],
                "total": len(questions),
                "more": max(0, len(questions) - QUESTIONS),
            },
        }


def late_steps(rows: QuerySet[ApprovalStep], scope: Scope) -> QuerySet[ApprovalStep]:
    return rows.overdue(scope.today).filter(plan__state=PlanState.OPEN)  # type: ignore[attr-defined, no-any-return]  # the manager's own queryset


def granted_steps(rows: QuerySet[ApprovalStep], scope: Scope) -> QuerySet[ApprovalStep]:
    """Granted by default in the week, whatever became of it."""
    return rows.filter(is_deemed=True, deemed_on__range=(scope.period.start, scope.period.last_day))


def _projects(scope: Scope) -> list[dict[str, Any]]:
    """Projects with their steps, the longest overdue first."""
    rows = ApprovalStep.objects.filter(plan__project__chain=scope.chain)
    told = rows.select_related("department", "plan__project__contract__lead").defer(
        *(f"plan__project__contract__lead__{name}" for name in _WIDE)
    )
    late = list(late_steps(told, scope).order_by("due_on", "pk")[:READ])
    granted = list(granted_steps(told, scope).order_by("deemed_on", "pk")[:READ])
    found: dict[int, dict[str, Any]] = {}
    steps: dict[int, list[dict[str, Any]]] = defaultdict(list)
    allowed = readable_projects(scope.reader, {s.plan.project_id for s in (*late, *granted)})
    for step, kind in (*((s, "late") for s in late), *((s, "granted") for s in granted)):
        project = step.plan.project
        if project.pk in allowed:
            found.setdefault(project.pk, _project(step))
            steps[project.pk].append(_step(step, kind, scope))
    for key, item in found.items():
        item["steps"] = steps[key][:STEPS_OF_PROJECT]
        item["more_steps"] = max(0, len(steps[key]) - STEPS_OF_PROJECT)
    return list(found.values())


_WIDE = ("search_text", "search_grams", "summary")


def _project(step: ApprovalStep) -> dict[str, Any]:
    """A confidential lead's project goes by the code name."""
    project = step.plan.project
    lead = project.contract.lead if project.contract else None
    secret = bool(lead and lead.confidential)
    return {"project": project.pk, "name": str(lead) if secret else project.name, "secret": secret}


def _step(step: ApprovalStep, kind: str, scope: Scope) -> dict[str, Any]:
    day: Any = step.due_on if kind == "late" else step.deemed_on
    return {
        "what": step.name,
        "department": step.department.name,
        "kind": kind,
        "day": day.isoformat(),
        "days": scope.calendar.overdue_workdays(day, scope.today) if kind == "late" else 0,
    }


def _questions(scope: Scope) -> list[dict[str, Any]]:
    """Questions about the chain's leads past their limit, the oldest first. Nothing written in a
    confidential one goes along: mails travel."""
    rows = (
        Question.objects.filter(
            due_on__lt=scope.today, lead__in=leads_of(scope).order_by().values("pk")
        )
        .select_related("lead", "department")
        .defer("text", "search_text", "search_grams", *(f"lead__{name}" for name in _WIDE))
        .order_by("due_on", "pk")
    )
    return [_question(row, scope) for row in rows[:READ]]


def _question(question: Question, scope: Scope) -> dict[str, Any]:
    lead: Lead = question.lead  # type: ignore[assignment]  # asked for by its lead
    due: Any = question.due_on
    return {
        "lead": lead.pk,
        "name": str(lead),
        "secret": lead.confidential,
        "number": question.number,
        "what": "" if question.confidential else said(lead, question.title),
        "department": question.department.name if question.department else "",
        "day": due.isoformat(),
        "days": scope.calendar.overdue_workdays(due, scope.today),
    }


class ZoneServices(Section):
    """A line a department: steps overdue, grants by default in the week, questions overdue."""

    code = "zone_services"
    place = 45
    of_zone = True
    tells_of_now = True
    counts = True

    @property
    def template(self) -> str:
        return "services/digest_zone"

    def content(self, scope: Scope) -> dict[str, Any] | None:
        steps = ApprovalStep.objects.visible_to(scope.reader)
        questions = Question.objects.visible_to(scope.reader).filter(due_on__lt=scope.today)
        counts = {
            "late": _by_department(late_steps(steps, scope)),
            "granted": _by_department(granted_steps(steps, scope)),
            "questions": _by_department(questions),
        }
        rows = [
            {"name": name, **numbers} for name, numbers in _lines(counts) if any(numbers.values())
        ]
        return {"rows": rows} if rows else None


def _by_department(rows: QuerySet[Any]) -> Counter[int | None]:
    return Counter(dict(rows.order_by().values_list("department").annotate(n=Count("pk"))))


def _lines(counts: dict[str, Counter[int | None]]) -> Iterable[tuple[str, dict[str, int]]]:
    """Departments in their order; last what is assigned to nobody ("" for a name)."""
    named = [*Department.objects.values_list("pk", "name"), (None, "")]
    for key, name in named:
        yield name, {kind: found[key] for kind, found in counts.items()}


def register_sections() -> None:
    register(Services())
    register(ZoneServices())
