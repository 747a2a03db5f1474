"""What became of a demo contract's promises: measured, judged, put right, looked back on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from leads.actions.commitments import judge_commitment, record_measure
from leads.actions.look_backs import schedule_look_backs
from leads.actions.outlooks import judge_outlooks
from leads.actions.rectifications import complete_rectification, order_rectification
from leads.models import Commitment

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from seeds.scenes.story import Story


class Promises:
    """What the `promises` of a demo lead tell, one verb a row."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.verbs: dict[str, Callable[[dict[str, Any]], object]] = {
            "measure": self.measure,
            "judge": self.judge,
            "rectify": self.rectify,
            "done": self.done,
        }

    def events(self) -> Iterator[tuple[date, Callable[[], object]]]:
        for row in self.story.row["promises"]:
            yield self.story.days.ago(row["days_ago"]), lambda r=row: self.verbs[r["verb"]](r)

    def measure(self, row: dict[str, Any]) -> None:
        values = {
            "measured_on": self.story.days.ago(row["days_ago"]),
            "value": Decimal(row["value"]),
            "evidence": row["evidence"],
        }
        record_measure(commitment=self._promise(row), values=values, by=self._by(row))

    def judge(self, row: dict[str, Any]) -> None:
        values = {
            "verdict": row["verdict"],
            "actual": Decimal(row["actual"]) if row.get("actual") else None,
            "judged_on": self.story.days.ago(row["days_ago"]),
            "evidence": row.get("evidence", ""),
            "reason": row.get("reason", ""),
        }
        judge_commitment(commitment=self._promise(row), values=values, by=self._by(row))

    def rectify(self, row: dict[str, Any]) -> None:
        order_rectification(
            commitment=self._promise(row),
            task=row["task"],
            owner=self.story.people[row["owner"]],
            due_on=self.story.days.ahead(row["due_in"]),
            by=self._by(row),
        )

    def done(self, row: dict[str, Any]) -> None:
        open_task = self._promise(row).rectifications.get(closed_on=None)
        complete_rectification(
            rectification=open_task,
            result=row["result"],
            evidence=row["evidence"],
            by=open_task.owner,
        )

    def _promise(self, row: dict[str, Any]) -> Commitment:
        return Commitment.objects.get(contract__lead=self.story.lead, metric=row["metric"])

    def _by(self, row: dict[str, Any]) -> User:
        return self.story.people[row["by"]] if "by" in row else self.story.owner


def look_back() -> None:
    """As the sweep would have done by now."""
    schedule_look_backs()
    judge_outlooks()
