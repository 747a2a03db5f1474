"""Who sees approval plans and their steps, in keys: see `kfq_crm.base.feed.registry`.

A plan is seen with its project, and unless the lead is confidential by all who see every service,
by its helper and by the people of every department with a step in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from leads.audience import project_audiences
from services.models import ApprovalPlan, ApprovalStep, departments_of, sees_all_services

if TYPE_CHECKING:
    from kfq_crm.base.feed.registry import Audience
    from kfq_crm.base.models import User

Audiences = Mapping[int, "Audience"]
Rows = Iterable[tuple[type[Model], Collection[int]]]

ALL = "services"


def reader_keys(user: User) -> Iterator[str]:
    if sees_all_services(user):
        yield ALL
    yield _helper(user.pk)
    yield from map(_department, departments_of(user).values_list("pk", flat=True))


def _helper(user: int) -> str:
    return f"helper:{user}"


def _department(department: int) -> str:
    return f"department:{department}"


def plan_audiences(pks: Collection[int]) -> Audiences:
    rows = ApprovalPlan.objects.filter(pk__in=pks).values_list(
        "pk", "project", "helper", "project__contract__lead__confidential"
    )
    found = list(rows)
    projects = project_audiences({project for _pk, project, _helper_, _secret in found})
    departments = _departments_in([pk for pk, _project, _helper_, secret in found if not secret])
    return {
        pk: projects[project]
        if secret
        else projects[project] | {ALL, _helper(helper), *departments[pk]}
        for pk, project, helper, secret in found
    }


def _departments_in(plans: Collection[int]) -> Mapping[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    rows = ApprovalStep.objects.filter(plan__in=plans).order_by()
    for plan, department in rows.values_list("plan", "department").distinct():
        found[plan].add(_department(department))
    return found


def step_audiences(pks: Collection[int]) -> Audiences:
    plans = dict(ApprovalStep.objects.filter(pk__in=pks).values_list("pk", "plan"))
    known = plan_audiences(set(plans.values()))
    return {pk: known[plan] for pk, plan in plans.items()}


def on_plans(plans: Collection[int]) -> Rows:
    yield ApprovalStep, _keys(ApprovalStep, plan__in=plans)


def on_projects(projects: Collection[int]) -> Rows:
    """What hangs on landed projects here; leads asks without knowing whom."""
    plans = _keys(ApprovalPlan, project__in=projects)
    yield ApprovalPlan, plans
    yield from on_plans(plans)


def _keys(model: type[Model], **conditions: Any) -> set[int]:
    return set(model._default_manager.filter(**conditions).values_list("pk", flat=True))
