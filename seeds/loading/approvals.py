"""Departments, the template of an industrial project, and the rule on approval by default."""

from __future__ import annotations

from typing import Any

from seeds.loading.rules import origin
from seeds.loading.store import add, make, read
from services.actions.templates import PaperValues, StepValues, create_template
from services.models import ApprovalTemplate, DeemedRule, Department


def load_departments() -> None:
    for place, row in enumerate(read("departments")["departments"]):
        add(
            Department,
            {"code": row["code"]},
            name=row["name"],
            duties=row["duties"],
            order=place,
        )


def load_approvals() -> None:
    """After the departments. A template of this code is left as it is, whoever edited it."""
    data = read("approvals")
    if not DeemedRule.objects.exists():
        (row,) = data["deemed"]
        figures = {name: row[name] for name in ("smallest_band", "paper_days", "acceptance_days")}
        make(DeemedRule, **figures, **origin(data, {"authority": None, **row}))
    template = data["template"]
    if not ApprovalTemplate.objects.filter(code=template["code"]).exists():
        departments = {one.code: one for one in Department.objects.all()}
        create_template(
            **template,
            steps=[_step(row, place, departments) for place, row in enumerate(data["steps"])],
            by=None,
        )


def _step(row: dict[str, Any], place: int, departments: dict[str, Department]) -> StepValues:
    papers = [PaperValues(name, is_main=True) for name in row["main"]]
    papers += [PaperValues(name) for name in row["papers"]]
    return StepValues(
        code=row["code"],
        name=row["name"],
        department=departments[row["department"]],
        stage=row["stage"],
        working_days=row["limit"],
        published=row["published"] or "",
        inferred=row["inferred"],
        may_be_deemed=row["deemed"],
        order=place,
        depends_on=row["after"],
        papers=papers,
    )
