"""What departments decided and answered in the year, and which promises were kept.

Shares, medians and means are no totals: they speak of what the reader may read, as those of the
pipeline do. Grants by default are counted, and hidden ones among them told as hidden leads are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from kfq_crm.overview.queries.scene import Breakdown, Scene, month_of, month_of_day
from kfq_crm.overview.queries.sheets import Row, Sheet, sheet_of
from kfq_crm.overview.queries.standing import BY_CHAIN
from services.timeliness import LOW_SCORE

_OF_STEPS = {
    Breakdown.CHAIN.value: "project.chain_id",
    Breakdown.OUTPOST.value: "lead.outpost_id",
    Breakdown.MONTH.value: month_of_day("step.decided_on"),
}
_OF_GRANTS = {**_OF_STEPS, Breakdown.MONTH.value: month_of_day("step.deemed_on")}
_OF_QUESTIONS = {
    Breakdown.CHAIN.value: "lead.chain_id",
    Breakdown.OUTPOST.value: "lead.outpost_id",
    Breakdown.MONTH.value: month_of("feedback.given_at"),
}
# The day on which a promise is reckoned with: promised for, or judged before that
_DAY = (
    "CASE WHEN promise.due_on IS NULL OR found.judged_on < promise.due_on"
    " THEN found.judged_on ELSE promise.due_on END"
)
_OF_PROMISES = {
    Breakdown.CHAIN.value: "lead.chain_id",
    Breakdown.OUTPOST.value: "lead.outpost_id",
    Breakdown.MONTH.value: month_of_day(_DAY),
}
_STEPS = """
FROM services_approvalstep AS step
JOIN services_approvalplan AS plan ON plan.id = step.plan_id
JOIN {projects} AS project ON project.id = plan.project_id
LEFT JOIN {contracts} AS contract ON contract.id = project.contract_id
LEFT JOIN {leads} AS lead ON lead.id = contract.lead_id
"""
_DECIDED = f"""
SELECT {{group}}, step.department_id, step.code, {{days}}, MAX(step.name), COUNT(*),
    COUNT(*) FILTER (WHERE step.is_deemed OR step.decided_on > step.due_on)
{_STEPS}
WHERE step.state IN ('granted', 'refused', 'deemed') AND step.decided_on >= %(year_from)s
    AND step.decided_on < %(year_before)s AND step.decided_at < %(until)s AND {{where}}
GROUP BY 1, 2, 3, 4
"""
_GRANTED = f"""
SELECT {{group}}, COUNT(*), COUNT(*) FILTER (WHERE step.deemed_verdict = 'set_aside'),
    COUNT(DISTINCT lead.id),
    COUNT(DISTINCT lead.id) FILTER (WHERE step.deemed_verdict = 'set_aside')
{_STEPS}
WHERE step.is_deemed AND step.deemed_on >= %(year_from)s AND step.deemed_on < %(year_before)s
    AND step.deemed_on <= %(day)s AND {{where}}
GROUP BY 1
"""
_FED_BACK = f"""
SELECT {{group}}, feedback.department_id, COUNT(*), COUNT(*) FILTER (WHERE NOT feedback.in_time),
    COUNT(*) FILTER (WHERE feedback.rated_at < %(until)s),
    COUNT(*) FILTER (WHERE feedback.rated_at < %(until)s AND feedback.score <= {LOW_SCORE}),
    COALESCE(SUM(feedback.score) FILTER (WHERE feedback.rated_at < %(until)s), 0)
FROM services_feedback AS feedback
JOIN services_question AS question ON question.id = feedback.question_id
LEFT JOIN {{leads}} AS lead ON lead.id = question.lead_id
WHERE feedback.given_at >= %(year_begins)s AND feedback.given_at < %(year_ends)s
    AND feedback.given_at < %(until)s AND NOT question.confidential AND {{where}}
GROUP BY 1, 2
"""  # noqa: S608 — a number of ours
_PROMISED = f"""
SELECT {{group}}, promise.side, COALESCE(found.verdict, ''), COUNT(*)
FROM leads_commitment AS promise
JOIN {{contracts}} AS contract ON contract.id = promise.contract_id
JOIN {{leads}} AS lead ON lead.id = contract.lead_id
LEFT JOIN leads_commitmentverdict AS found ON found.commitment_id = promise.id
    AND found.number = (
        SELECT MAX(other.number) FROM leads_commitmentverdict AS other
        WHERE other.commitment_id = promise.id AND other.recorded_at < %(until)s
    )
WHERE (promise.due_on < %(day)s OR found.id IS NOT NULL)
    AND {_DAY} >= %(year_from)s AND {_DAY} < %(year_before)s AND {{where}}
GROUP BY 1, 2, 3
"""  # noqa: S608 — texts of ours


@dataclass(frozen=True)
class Decided:
    """Steps of one department that took as many days; `days` is None without an acceptance."""

    group: Any
    department: int
    step: str
    days: int | None
    name: str
    steps: int
    late: int


@dataclass(frozen=True)
class Told:
    """Outcomes that one department told to enterprises, and their ratings."""

    group: Any
    department: int
    told: int
    late: int
    rated: int
    low: int
    points: int


@dataclass(frozen=True)
class Promised:
    """Promises of one side with the same verdict ("" without one)."""

    group: Any
    side: str
    verdict: str
    promises: int


def decided(scene: Scene) -> list[Decided]:
    """Steps decided in the year, grouped so that medians are exact."""
    text = _DECIDED.replace("{days}", _days("step.decided_on", "step.clock_from_on"))
    return [Decided(*row) for row in _of_projects(scene, text, _OF_STEPS, "visible")]


def grants_by_default(scene: Scene) -> Sheet:
    """Steps granted by default in the year, and those of them that were set aside since."""

    def ask(part: str) -> Any:
        return _of_projects(scene, _GRANTED, _OF_GRANTS, part)

    return sheet_of(scene, ask, _grants, {"grants": BY_CHAIN, "set_aside": BY_CHAIN})


def told(scene: Scene) -> list[Told]:
    """Outcomes told in the year. About a lead that the reader may read; for who sees all teams'
    work those about no lead as well. Confidential questions never."""
    rows = scene.ask(
        _FED_BACK, part="visible", group=_OF_QUESTIONS, seen=scene.sight.visible_questions()
    )
    return [Told(*row) for row in rows]


def promised(scene: Scene) -> list[Promised]:
    """Promises of the year that count: their day has passed, or they were judged before."""
    return [Promised(*row) for row in scene.ask(_PROMISED, part="visible", group=_OF_PROMISES)]


def _of_projects(scene: Scene, text: str, group: dict[str, str], part: str) -> Any:
    seen = scene.sight.visible_projects()
    return scene.ask(text, part=part, group=group, seen=seen, chain_of="project.chain_id")


def _grants(
    dimension: str, group: Any, grants: int, set_aside: int, leads: int, set_aside_leads: int
) -> Row:
    return Row(
        {dimension: group},
        {"grants": grants, "set_aside": set_aside},
        {"grants": leads, "set_aside": set_aside_leads},
    )


def _days(last: str, first: str) -> str:
    """Days from one day to another as a whole number."""
    if connection.vendor == "postgresql":
        return f"({last} - {first})"
    return f"CAST(julianday({last}) - julianday({first}) AS INTEGER)"
