"""Measures the sweep of approvals beside the bare UPDATE and INSERT of the same steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmark.ratios import MOST_MEGABYTES, SWEEP_RATE, Ratio, Speed, at_least, is_judged
from benchmark.sides import PRODUCT, Side

STEPS = 50_000


def measure_services(url: str, found: Speed, vacuum: Callable[[], None], tell: Any) -> None:
    """Of fifty thousand open steps five thousand are overdue; fewer where the leads are few."""
    steps = STEPS if is_judged(found.leads) else found.leads
    tell(f"making {steps:,} open approval steps")
    made = _ask(url, "prepare", steps=steps)
    vacuum()
    tell("sweep of approvals")
    swept = _ask(url, "sweep")
    if swept["deemed"] != made["due"] or swept["opened"] != made["due"]:
        raise SystemExit(f"{made['due']} steps are due: {swept}")
    vacuum()
    tell("the same steps by bare SQL")
    bare = _ask(url, "bare")
    tell("sweep of approvals with nothing due")
    idle = _ask(url, "sweep")
    rates = swept["deemed"] / swept["seconds"], bare["rows"] / bare["seconds"]
    found.rows.append(at_least("approvals, sweep", *rates, SWEEP_RATE, "steps/s", found.leads))
    found.rows.append(_memory(swept["megabytes"]))
    found.rows.append(Ratio("approvals, nothing due", f"{idle['seconds'] * 1000:,.1f} ms"))
    found.notes.append(
        f"approvals: {made['open']:,} open steps, {swept['deemed']:,} granted by default and "
        f"{swept['opened']:,} opened after them in {swept['seconds']:.1f} s, with their events, "
        f"paper tasks and changes in the feed"
    )


def _memory(most: float) -> Ratio:
    return Ratio(
        "approvals, memory",
        f"{most:,.0f} MB",
        required=f"< {MOST_MEGABYTES} MB",
        is_good=most < MOST_MEGABYTES,
    )


def _ask(url: str, verb: str, **question: Any) -> Any:
    """One question to a process of its own."""
    with Side("benchmark.deeming", PRODUCT, url) as side:
        return side.ask(verb, **question)
