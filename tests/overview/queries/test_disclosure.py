"""What is told of confidential leads: sums over blocks of them, each large enough."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_crm.overview.queries.disclosure import Block, blocks_of

LEVELS = ("chain", "stage")


def part(chain: str, stage: str, leads: int) -> Block:
    """Each lead is worth 100, so that sums show whose they are."""
    return Block({"chain": chain, "stage": stage}, leads, leads * 100)


def told(parts: list[Block], fewest: int = 2) -> dict[str, int]:
    """Leads by place: "a.lead", "a" for a whole chain, "" for what is merged."""
    return {
        ".".join(block.place.values()): block.leads for block in blocks_of(parts, LEVELS, fewest)
    }


@pytest.mark.parametrize(
    ("leads", "fewest", "expected"),
    [
        ({}, 2, {}),
        # One lead alone does not exist for anybody
        ({("a", "lead"): 1}, 2, {}),
        ({("a", "lead"): 2}, 2, {"a.lead": 2}),
        # Of two chains with one each no chain is told
        ({("a", "lead"): 1, ("b", "lead"): 1}, 2, {"": 2}),
        # The second goes with the first, or the total would give it away
        ({("a", "lead"): 2, ("b", "lead"): 1}, 2, {"": 3}),
        # The smallest goes with it; larger ones are told
        ({("a", "lead"): 5, ("b", "lead"): 2, ("c", "lead"): 1}, 2, {"a.lead": 5, "": 3}),
        # Two small ones hide each other
        (
            {("a", "lead"): 2, ("b", "lead"): 1, ("c", "lead"): 1},
            2,
            {"a.lead": 2, "": 2},
        ),
        # Stages inside a chain in the same way
        ({("a", "lead"): 1, ("a", "review"): 1}, 2, {"a": 2}),
        ({("a", "lead"): 3, ("a", "review"): 1}, 2, {"a": 4}),
        (
            {("a", "lead"): 4, ("a", "review"): 2, ("a", "signed"): 1},
            2,
            {"a.lead": 4, "a": 3},
        ),
        # A rule that asks for more merges more
        ({("a", "lead"): 4, ("b", "lead"): 4}, 5, {"": 8}),
        ({("a", "lead"): 4}, 5, {}),
    ],
)
def test_small_places_are_merged(
    leads: dict[tuple[str, str], int], fewest: int, expected: dict[str, int]
) -> None:
    assert told([part(*place, number) for place, number in leads.items()], fewest) == expected


PARTS = st.dictionaries(
    st.tuples(st.sampled_from("abcde"), st.sampled_from(["lead", "review", "signed"])),
    st.integers(1, 4),
    max_size=12,
)


@given(PARTS, st.integers(2, 5))
def test_no_sum_or_difference_speaks_of_fewer(
    leads: dict[tuple[str, str], int], fewest: int
) -> None:
    """Whatever is added and taken away is made of blocks, and they are all large enough."""
    parts = [part(*place, number) for place, number in leads.items()]
    blocks = blocks_of(parts, LEVELS, fewest)
    whole = sum(leads.values())
    assert sum(block.leads for block in blocks) == (whole if whole >= fewest else 0)
    assert all(block.leads >= fewest for block in blocks)
    places = [tuple(block.place.items()) for block in blocks]
    assert len(places) == len(set(places))
    if len(blocks) <= 8:
        for number in range(1, len(blocks) + 1):
            for chosen in combinations(blocks, number):
                assert sum(block.leads for block in chosen) >= fewest


@given(PARTS, st.integers(2, 5), st.randoms())
def test_order_of_the_rows_changes_nothing(
    leads: dict[tuple[str, str], int], fewest: int, dice: object
) -> None:
    parts = [part(*place, number) for place, number in leads.items()]
    mixed = list(parts)
    dice.shuffle(mixed)  # type: ignore[attr-defined]  # a Random
    assert told(mixed, fewest) == told(parts, fewest)
