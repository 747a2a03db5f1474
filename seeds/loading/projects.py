"""Every project that the report names, at the milestone that the report gives it."""

from __future__ import annotations

from typing import Any

from chains.models import Chain
from leads.models import LandedProject, Milestone, MilestoneKind
from seeds.loading.store import make, read, source_of
from seeds.loading.taxonomy import public_enterprise, segment_of

STATED = "工作报告原文"
INFERRED = "按工作报告措辞推断，以实际为准"


def load_projects() -> None:
    """Projects of the chains, and the infrastructure, which is on no chain."""
    data = read("projects")
    known = set(LandedProject.objects.exclude(code=None).values_list("code", flat=True))
    for row in [*data["projects"], *data["infrastructure"]]:
        if row["code"] not in known:
            _project(row)


def _project(row: dict[str, Any]) -> LandedProject:
    """One project. Neither amount nor date is stated, so none is entered; what was planned or
    signed only has no milestone yet, and the report's words say so."""
    chain = Chain.objects.get(code=row["chain"]) if row["chain"] else None
    milestone = row["milestone"] if row["milestone"] in MilestoneKind else ""
    project = make(
        LandedProject,
        code=row["code"],
        name=row["name"],
        enterprise=public_enterprise(row["company"]) if row.get("company") else None,
        chain=chain,
        segment=segment_of(chain, row.get("segment")),
        investment_note=row.get("investment_note") or "",
        source=source_of(row),
        state_note="；".join(filter(None, (row["quote"], row.get("target_quote")))),
        milestone=milestone,
    )
    if milestone:
        words = INFERRED if row["milestone_inferred"] else STATED
        make(Milestone, project=project, kind=milestone, is_reached=True, evidence=words)
    return project
