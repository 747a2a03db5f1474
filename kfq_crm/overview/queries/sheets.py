"""Figures in the making: what the database has grouped, added up by any of its places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kfq_crm.overview.queries.disclosure import Block, blocks_of

if TYPE_CHECKING:
    from kfq_crm.overview.queries.scene import Scene

Measures = dict[str, Any]
SMALLEST = Decimal("0.0001")


class _Other:
    """The place of what is told without its place."""

    def __repr__(self) -> str:
        return "OTHER"


OTHER: Any = _Other()


@dataclass(frozen=True)
class Row:
    """One group of the database. `holders` is of how many leads a measure speaks, where that is
    not the measure itself."""

    place: Mapping[str, Any]
    measures: Measures
    holders: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Sheet:
    """Rows that may be read as they are, and blocks of those that may not, by measure."""

    rows: list[Row]
    blocks: dict[str, list[Block]] = field(default_factory=dict)

    def by(self, *places: str, **within: Any) -> dict[tuple[Any, ...], Measures]:
        """Measures by these places; a block that does not tell one of them stands under OTHER."""
        found: dict[tuple[Any, ...], Measures] = defaultdict(lambda: defaultdict(int))
        for row in self.rows:
            if _lies(row.place, within):
                cell = found[tuple(row.place[place] for place in places)]
                for name, value in row.measures.items():
                    cell[name] += value
        for name, blocks in self.blocks.items():
            for block in blocks:
                if _lies(block.place, within):
                    key = tuple(block.place.get(place, OTHER) for place in places)
                    found[key][name] += block.value
        return {key: dict(cell) for key, cell in found.items()}

    def total(self, **within: Any) -> Measures:
        return self.by(**within).get((), {})

    def narrowed(self, **within: Any) -> Sheet:
        """Only the blocks that lie there; the rows were asked for so."""
        kept = {
            name: [block for block in blocks if _lies(block.place, within)]
            for name, blocks in self.blocks.items()
        }
        return Sheet(self.rows, kept)


def sheet_of(
    scene: Scene,
    ask: Callable[[str], Iterable[tuple[Any, ...]]],
    read: Callable[..., Row],
    levels: Mapping[str, Sequence[str]],
) -> Sheet:
    """The rows of each part, read with the name of the place that their first column is.

    `levels` says for each measure by which places hidden leads are told. What lies outside the
    scene's chain is left out only after the hidden leads of the whole zone were parted.
    """
    rows = [read(scene.dimension, *row) for row in ask("visible")]
    if not scene.sight.counts_hidden:
        return Sheet(rows)
    blocks = _blocks((read("chain", *row) for row in ask("hidden")), levels, scene.fewest)
    sheet = Sheet(rows, blocks)
    return sheet if scene.chain is None else sheet.narrowed(chain=scene.chain)


def _blocks(
    hidden: Iterable[Row], levels: Mapping[str, Sequence[str]], fewest: int
) -> dict[str, list[Block]]:
    parts: dict[str, list[Block]] = defaultdict(list)
    for row in hidden:
        for name, value in row.measures.items():
            leads = row.holders.get(name, value)
            if leads:
                parts[name].append(Block(row.place, leads, value))
    return {name: blocks_of(found, levels[name], fewest) for name, found in parts.items()}


def exact(value: Any) -> Decimal:
    """A sum of amounts; SQLite adds them up as binary fractions."""
    return Decimal(str(value or 0)).quantize(SMALLEST)


def _lies(place: Mapping[str, Any], within: Mapping[str, Any]) -> bool:
    return all(name in place and place[name] == value for name, value in within.items())
