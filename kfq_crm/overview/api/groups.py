"""What the groups of a breakdown are called."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from chains.models import Chain, Outpost, TaskTeam
from kfq_crm.overview.queries.scene import Breakdown, Scene
from kfq_crm.overview.queries.sheets import OTHER

Label = dict[str, Any]


class Groups:
    """Keys of the database as labels, in the order in which people list them. A query a kind."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def labels(self, by: str, keys: set[Any]) -> list[tuple[Any, Label]]:
        """The keys that occur, in order; those without a place last, then what is merged."""
        known = {row[0]: row[1] for row in self._known(by, keys)}
        found = [(key, label) for key, label in known.items() if key in keys]
        if None in keys:
            found.append((None, _label("none", None, _NOWHERE[by]())))
        if OTHER in keys:
            found.append((OTHER, other()))
        return found

    def _known(self, by: str, keys: set[Any]) -> list[tuple[Any, Label]]:
        if by == Breakdown.MONTH:
            months = sorted(key for key in keys if isinstance(key, str))
            return [(month, _label("month", month, month)) for month in months]
        if by == Breakdown.OUTPOST:
            return [(pk, _label("outpost", pk, name)) for pk, name in self._outposts]
        if by == Breakdown.TEAM:
            return [(chain.pk, self._team(chain)) for chain in self.chains]
        return [(row.pk, _label("chain", row.code, row.name)) for row in self.chains]

    @cached_property
    def chains(self) -> list[Chain]:
        return list(Chain.objects.all())

    @cached_property
    def _teams(self) -> dict[int, TaskTeam]:
        rows = TaskTeam.objects.visible_to(self.scene.sight.user)
        return {team.chain_id: team for team in rows.order_by()}

    @cached_property
    def _outposts(self) -> list[tuple[int, str]]:
        return list(Outpost.objects.values_list("pk", "name"))

    def _team(self, chain: Chain) -> Label:
        """A team that the reader may not see goes by its chain."""
        team = self._teams.get(chain.pk)
        name = team.name if team else _("team of %(chain)s") % {"chain": chain.name}
        return {**_label("team", team.pk if team else None, name), "chain": chain.code}


def other() -> Label:
    return _label("other", None, _("other (merged)"))


def _label(kind: str, key: Any, name: str) -> Label:
    return {"kind": kind, "key": key, "name": name}


_NOWHERE = {
    Breakdown.CHAIN.value: lambda: _("no chain"),
    Breakdown.TEAM.value: lambda: _("no team"),
    Breakdown.OUTPOST.value: lambda: _("no outpost"),
    Breakdown.MONTH.value: lambda: _("no month"),
}
