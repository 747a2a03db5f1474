"""The table that is printed."""

from __future__ import annotations

from collections.abc import Iterator

from benchmark.figures import LEADS_A_SECOND, MOST_GROWTH, Growth, Measured, Series, Size
from benchmark.ratios import MOST_OUTSIDE_GROWTH, OutsideGrowth, Ratio, Speed

HEAD = (
    *("operation", "product p50", "p95", "queries", "plain admin p50", "p95", "queries"),
    *("SQL p50", "p95", "required", "reached", ""),
)
SPEED_HEAD = ("", "product", "bare", "required", "reached", "")


def verdict(good: bool) -> str:
    return "good" if good else "MISSED"


def lines_of(size: Size) -> Iterator[str]:
    """One size: rows of figures in milliseconds, then what else was asked for."""
    yield f"{size.leads:,} leads (milliseconds)"
    yield ""
    yield from _table([HEAD, *map(_row, size.table)])
    yield ""
    said = f"generate_demo: {size.rate:,.0f} leads/s (≥ {LEADS_A_SECOND:,})"
    yield f"{said}  {verdict(size.is_rate_good)}"
    for read in size.long_reads:
        yield f"warning: {read}"


def lines_of_speed(speed: Speed) -> Iterator[str]:
    """One size: the product beside bare SQL and a bare SMTP loop, then what was measured."""
    yield f"{speed.leads:,} leads: reminders, mail, changes, digests"
    yield ""
    yield from _table([SPEED_HEAD, *map(_ratio, speed.rows)])
    yield ""
    yield from speed.notes


def _ratio(row: Ratio) -> tuple[str, ...]:
    said = verdict(row.is_good) if row.required != "—" else ""
    return row.name, row.product, row.bare, row.required, row.reached, said


def line_of_outside(growth: OutsideGrowth) -> str:
    return (
        f"digests, from {growth.small.leads:,} to {growth.large.leads:,} leads, the chains being "
        f"the same: SQL {growth.sql:.2f}×, most rows read {growth.rows:.2f}× "
        f"(≤ {MOST_OUTSIDE_GROWTH}×)  {verdict(growth.is_good)}"
    )


def line_of(growth: Growth) -> str:
    return (
        f"log a lead: {growth.times:.2f}× from {growth.small.leads:,} to {growth.large.leads:,} "
        f"leads (≤ {MOST_GROWTH}×)  {verdict(growth.is_good)}"
    )


def _row(row: Measured) -> tuple[str, ...]:
    return (
        row.name,
        *_series(row.product),
        *_series(row.plain),
        *_series(row.sql)[:2],
        row.required,
        f"{row.ratio:.2f}×, {row.product.queries} q",
        verdict(row.is_good),
    )


def _series(series: Series) -> tuple[str, str, str]:
    return f"{series.p50:.1f}", f"{series.p95:.1f}", str(series.queries)


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """As Markdown, aligned for a terminal: names to the left, figures to the right."""
    places = range(len(rows[0]))
    widths = [max(len(row[place]) for row in rows) for place in places]
    texts = {places[0], places[-1]}
    for number, row in enumerate(rows):
        cells = [
            cell.ljust(width) if place in texts else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            marks = ["-" * w if p in texts else "-" * (w - 1) + ":" for p, w in enumerate(widths)]
            yield f"| {' | '.join(marks)} |"
