"""What must be reached, and whether it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmark.operations import LIST, LOG, PAGE, SEARCH

SMALL, LARGE = 100_000, 1_000_000
LEADS_A_SECOND = 5_000
MOST_GROWTH = 1.5
# A list may look at ten thousand rows to tell how many there are, and pass over 25,000 on its way
# to page 500, in an index. Beyond, or in no index, somebody forgot one.
LONGEST_SCAN = 12_000
MOST_QUERIES = {LIST: 12, SEARCH: 12, PAGE: 25}


@dataclass
class Series:
    """The milliseconds of one side, and the most statements that it needed."""

    taken: list[float] = field(default_factory=list)
    queries: int = 0

    def add(self, answer: dict[str, float]) -> None:
        self.taken.append(answer["ms"])
        self.queries = max(self.queries, int(answer["queries"]))

    @property
    def p50(self) -> float:
        return median(self.taken)

    @property
    def p95(self) -> float:
        return percentile(self.taken, 95)


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many of a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


@dataclass(frozen=True)
class Limit:
    """The product's p50 in times of the plain admin's: at most, or below."""

    times: float
    strict: bool = False

    def holds(self, reached: float) -> bool:
        return reached < self.times if self.strict else reached <= self.times

    def __str__(self) -> str:
        return f"{'<' if self.strict else '≤'} {self.times:.3g}×"


def limit_of(kind: str, leads: int) -> Limit | None:
    """None where nothing is asked: of few leads no ratio tells anything."""
    if leads < SMALL:
        return None
    if kind == LIST:
        return Limit(1, strict=True) if leads >= LARGE else Limit(2)
    if kind == SEARCH:
        return Limit(1 / 3, strict=True) if leads >= LARGE else None
    return Limit(6) if kind == PAGE else Limit(5)


@dataclass
class Measured:
    """An operation at one size, on all sides."""

    name: str
    kind: str
    leads: int
    product: Series = field(default_factory=Series)
    plain: Series = field(default_factory=Series)
    sql: Series = field(default_factory=Series)

    @property
    def ratio(self) -> float:
        return self.product.p50 / self.plain.p50

    @property
    def required(self) -> str:
        parts = (limit_of(self.kind, self.leads), MOST_QUERIES.get(self.kind))
        told = [str(parts[0]) if parts[0] else "", f"≤ {parts[1]} q" if parts[1] else ""]
        return ", ".join(filter(None, told)) or "—"

    @property
    def is_good(self) -> bool:
        limit, most = limit_of(self.kind, self.leads), MOST_QUERIES.get(self.kind)
        quick = limit is None or limit.holds(self.ratio)
        return quick and (most is None or self.product.queries <= most)


@dataclass
class Size:
    """All that was found at one number of leads."""

    leads: int
    seconds: float
    table: list[Measured]
    long_reads: list[str]

    @property
    def rate(self) -> float:
        return self.leads / self.seconds

    @property
    def is_rate_good(self) -> bool:
        return self.leads < SMALL or self.rate >= LEADS_A_SECOND

    @property
    def is_good(self) -> bool:
        return self.is_rate_good and all(row.is_good for row in self.table)


@dataclass(frozen=True)
class Growth:
    """How much longer logging a lead takes among more leads."""

    small: Size
    large: Size

    @property
    def times(self) -> float:
        before, after = (
            next(row for row in size.table if row.kind == LOG) for size in (self.small, self.large)
        )
        return after.product.p50 / before.product.p50

    @property
    def is_good(self) -> bool:
        return self.times <= MOST_GROWTH
