"""What may be told of confidential leads that a reader may not read: sums over blocks of them.

The hidden leads of a figure are parted into blocks, each of which holds at least the fewest that
may be told of; a number adds a block whole or not at all. So no sum or difference of numbers of
one answer, of its breakdowns and of its parts by chain speaks of fewer leads than that. Which
blocks there are depends on the hidden leads alone, never on what is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Block:
    """So many leads of one place; the place names only what they have in common."""

    place: Mapping[str, Any]
    leads: int
    value: Any


def blocks_of(parts: Sequence[Block], levels: Sequence[str], fewest: int) -> list[Block]:
    """The parts merged, level by level, until each block holds enough; none if all are too few.

    `levels` are names of places, the widest first: a small chain is merged with other chains, a
    small stage with other stages of its chain.
    """
    if sum(part.leads for part in parts) < fewest:
        return []
    return _parted(list(parts), {}, tuple(levels), fewest)


def _parted(
    parts: list[Block], place: dict[str, Any], levels: tuple[str, ...], fewest: int
) -> list[Block]:
    if not levels:
        return [_merged(parts, place)]
    groups = _grouped(parts, levels[0])
    told = {key: rows for key, rows in groups.items() if _size(rows) >= fewest}
    rest = [row for key, rows in groups.items() if key not in told for row in rows]
    # Too few to stand alone: the smallest that could be told goes with them.
    while rest and _size(rest) < fewest and told:
        smallest = min(told, key=lambda key: (_size(told[key]), str(key)))
        rest += told.pop(smallest)
    found = [_merged(rest, place)] if rest else []
    for key, rows in told.items():
        found += _parted(rows, {**place, levels[0]: key}, levels[1:], fewest)
    return found


def _grouped(parts: Iterable[Block], level: str) -> dict[Any, list[Block]]:
    groups: dict[Any, list[Block]] = defaultdict(list)
    for part in parts:
        groups[part.place[level]].append(part)
    return groups


def _size(parts: Iterable[Block]) -> int:
    return sum(part.leads for part in parts)


def _merged(parts: Iterable[Block], place: Mapping[str, Any]) -> Block:
    rows = list(parts)
    return Block(place, _size(rows), sum(row.value for row in rows))
