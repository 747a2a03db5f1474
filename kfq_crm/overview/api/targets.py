"""Annual targets with what was reached of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from chains.api.targets import AnnualTargets as PlainTargets
from chains.api.targets import AnnualTargetSerializer as PlainSerializer
from chains.models import AnnualTarget
from kfq_crm.base.models import TokenScope
from kfq_crm.overview.api.state import state_of
from kfq_crm.overview.queries.events import milestones, signings
from kfq_crm.overview.queries.scene import Scene, one_state
from kfq_crm.overview.queries.targets import COUNTED, attained

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfq_crm.base.models import ApiToken

ATTAINED = ("reached", "percent", "counting")


def reached_of(targets: Iterable[AnnualTarget], scenes: dict[int, Scene]) -> dict[int, int]:
    """What was reached, by the key of the target, of those that the system counts.

    At most four queries a year.
    """
    rows = [row for row in targets if row.metric.code in COUNTED and row.year in scenes]
    sheets = {
        year: (signings(scenes[year]), milestones(scenes[year])) for year in {r.year for r in rows}
    }
    return {row.pk: attained(row, *sheets[row.year]) for row in rows}


def percent_of(target: AnnualTarget, reached: int | None) -> float | None:
    """Of the figure to reach, with one decimal; above 100 when it is passed."""
    if reached is None or not target.value:
        return None
    return round(float(100 * reached / target.value), 1)


def counting_of(target: AnnualTarget) -> str | None:
    """The words for what counts; None where the figure comes from elsewhere."""
    counting = COUNTED.get(target.metric.code)
    return str(counting.definition) if counting else None


class AnnualTargetSerializer(PlainSerializer):
    """`reached` is null where the system does not count the metric."""

    joins = {**PlainSerializer.joins, "reached": ("metric", "team"), "percent": ("metric", "team")}

    reached = serializers.SerializerMethodField(label=_("reached (target)"))
    percent = serializers.SerializerMethodField(label=_("reached, in per cent"))
    counting = serializers.SerializerMethodField(label=_("what counts (target)"))

    class Meta(PlainSerializer.Meta):
        fields = (*PlainSerializer.Meta.fields, *ATTAINED)

    @classmethod
    def known_fields(cls, token: ApiToken | None) -> list[str]:
        """What was reached is a figure of the overview: its scope opens it."""
        names = super().known_fields(token)
        if token is None or token.allows(TokenScope.OVERVIEW_READ):
            return names
        return [name for name in names if name not in ATTAINED]

    def get_reached(self, row: AnnualTarget) -> int | None:
        """Put beside the row by the view, for a page at once."""
        return getattr(row, "reached", None)

    def get_percent(self, row: AnnualTarget) -> float | None:
        return percent_of(row, self.get_reached(row))

    def get_counting(self, row: AnnualTarget) -> str | None:
        return counting_of(row)


class AnnualTargets(PlainTargets):
    """As they were set, and what was reached of them by now.

    The same figures as the overview's: confidential leads that the reader may not read count in
    them only where enough of them stand together.
    """

    serializer_class = AnnualTargetSerializer

    def facts(self) -> tuple[object, ...]:
        return state_of(self.user)

    def represent(self, rows: Sequence[Any], names: Sequence[str]) -> list[Any]:
        """With what the page's targets reached, where that is asked for."""
        found: dict[int, int] = {}
        if not {"reached", "percent"}.isdisjoint(names):
            years = {row.year for row in rows}
            with one_state():
                found = reached_of(rows, {y: Scene.for_reader(self.user, year=y) for y in years})
        for row in rows:
            row.reached = found.get(row.pk)
        return super().represent(rows, names)
