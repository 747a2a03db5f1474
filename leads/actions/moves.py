"""Writing a move of stage: the lead's columns, the record of the move, the evidence it had."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from kfq_crm.base import concurrency
from kfq_crm.base.columns import check_columns
from leads.models import Lead, StageChange
from leads.models.lead import StageChangeKind
from leads.stages import Stage

if TYPE_CHECKING:
    from kfq_crm.base.models import User

EXIT_COLUMNS = {"exit", "exit_reason", "exit_detail", "exited_on", "wake_on"}
REOPENED_COLUMNS = {
    *("claim", "next_action_on", "due_revision", "reminder_round", "stage_entered_at"),
}


def record_move(
    lead: Lead,
    kind: StageChangeKind,
    *,
    by: User,
    at: datetime,
    from_stage: str = "",
    since: datetime | None = None,
    reason: str = "",
    evidence: list[str] | None = None,
) -> StageChange:
    """Store one move; `since` is when the lead entered the stage that it leaves."""
    change = StageChange(
        lead=lead,
        kind=kind,
        from_stage=from_stage,
        to_stage=lead.stage,
        exit=lead.exit,
        reason=reason,
        evidence=evidence or [],
        moved_at=at,
        moved_by=by,
        time_in_stage=at - since if since else None,
    )
    check_columns(change, {"reason"})
    change._history_user = by  # type: ignore[attr-defined]  # read by the feed
    change.save(force_insert=True)
    return change


def move(
    lead: Lead,
    target: Stage,
    kind: StageChangeKind,
    *,
    by: User,
    at: datetime | None,
    reason: str = "",
    evidence: list[str] | None = None,
) -> StageChange:
    """Put a locked lead into another stage."""
    moment = at or timezone.now()
    left, since = lead.stage, lead.stage_entered_at
    lead.stage, lead.stage_entered_at = target, moment
    concurrency.save(lead, by=by, fields={"stage", "stage_entered_at"})
    return record_move(
        lead,
        kind,
        by=by,
        at=moment,
        from_stage=left,
        since=since,
        reason=reason,
        evidence=evidence,
    )


def record_exit(lead: Lead, *, by: User, at: datetime | None) -> StageChange:
    """Write a locked lead's way out, whose columns the caller has filled."""
    moment = at or timezone.now()
    concurrency.save(lead, by=by, fields=EXIT_COLUMNS)
    return record_move(
        lead,
        StageChangeKind.EXITED,
        by=by,
        at=moment,
        from_stage=lead.stage,
        since=lead.stage_entered_at,
        reason=lead.exit_detail,
    )


def record_reopening(lead: Lead, *, by: User, at: datetime | None, reason: str) -> StageChange:
    """Write a locked lead's return; the time outside does not count as time in the stage."""
    moment = at or timezone.now()
    lead.stage_entered_at = moment
    concurrency.save(lead, by=by, fields=EXIT_COLUMNS | REOPENED_COLUMNS)
    return record_move(
        lead, StageChangeKind.REOPENED, by=by, at=moment, from_stage=lead.stage, reason=reason
    )


def evidence_for(lead: Lead, target: Stage) -> list[str]:
    """What the move rested on, in the words of the records themselves."""
    if target == Stage.SCREENING:
        return [f"screening {pk}" for pk in lead.screenings.values_list("pk", flat=True)[:1]]
    if target == Stage.NEGOTIATING:
        talks = lead.follow_ups.filter(two_way=True).values_list("pk", flat=True)
        return [f"followup {pk}" for pk in talks[:1]]
    if target == Stage.REVIEW:
        opinions = [f"opinion {pk}" for pk in lead.opinions.values_list("pk", flat=True)]
        return opinions + [f"review {pk}" for pk in lead.reviews.values_list("pk", flat=True)]
    numbers = lead.contracts.values_list("number", flat=True)
    return [f"contract {number}" for number in numbers]
