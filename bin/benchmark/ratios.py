"""What must be reached beside bare SQL and a bare SMTP loop, and whether it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from benchmark.figures import LONGEST_SCAN, SMALL, percentile

# The product against the bare way: parts of its rate at the least, times of its time at the most.
SWEEP_RATE, IDLE_TIMES, MAIL_RATE, DIGEST_TIMES = 1 / 20, 3, 0.6, 5
# A thousand changes, and writers with changes recorded beside the same without
FEED_TIMES, WRITER_TIMES = 3, 1.15
MOST_MEGABYTES = 300
# From a tenth of the leads to all of them, the chains being the same.
MOST_OUTSIDE_GROWTH = 1.5
# What one statement may look at for a digest: its own leads with what hangs on them. A table of
# fewer rows than a list may look at is read whole, whatever is asked of it.
ROWS_A_LEAD = 40
SMALL_TABLE = LONGEST_SCAN


@dataclass(frozen=True)
class Ratio:
    """A row of the table; without `required` it only tells."""

    name: str
    product: str
    bare: str = ""
    required: str = "—"
    reached: str = ""
    is_good: bool = True


@dataclass
class Speed:
    """All that was found at one number of leads; `notes` say what was measured."""

    leads: int
    rows: list[Ratio] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    digests: Digests | None = None
    pages: Pages | None = None

    @property
    def is_good(self) -> bool:
        return all(row.is_good for row in self.rows)


@dataclass(frozen=True)
class Pages:
    """Milliseconds of the first page of a list, and of one far on."""

    first: float
    far: float


@dataclass(frozen=True)
class Digests:
    """Milliseconds of each digest, of its content alone and of the bare SQL."""

    product: list[float]
    figures: list[float]
    sql: list[float]
    queries: int
    rows_read: float

    @property
    def times(self) -> list[float]:
        return [one / bare for one, bare in zip(self.product, self.sql, strict=True)]


@dataclass(frozen=True)
class OutsideGrowth:
    """The same digests among more leads of other chains."""

    small: Speed
    large: Speed

    @property
    def sql(self) -> float:
        before, after = self._both()
        return median(after.sql) / median(before.sql)

    @property
    def rows(self) -> float:
        before, after = self._both()
        return max(after.rows_read, SMALL_TABLE) / max(before.rows_read, SMALL_TABLE)

    def _both(self) -> tuple[Digests, Digests]:
        assert self.small.digests
        assert self.large.digests
        return self.small.digests, self.large.digests

    @property
    def is_good(self) -> bool:
        return max(self.rows, self.sql) <= MOST_OUTSIDE_GROWTH


def is_judged(leads: int) -> bool:
    """Of few leads no ratio tells anything."""
    return leads >= SMALL


def at_least(name: str, product: float, bare: float, part: float, unit: str, leads: int) -> Ratio:
    """Rates, of which the product must reach a part."""
    shown = f"{product:,.0f} {unit}", f"{bare:,.0f} {unit}"
    reached = product / bare
    required = f"≥ {part:.2g}×" if is_judged(leads) and part else "—"
    return Ratio(name, *shown, required, f"{reached:.2f}×", required == "—" or reached >= part)


def at_most(name: str, product: float, bare: float, times: float, leads: int) -> Ratio:
    """Milliseconds, which must not be more than so many times the bare ones."""
    reached = product / bare
    return within(name, f"{product:,.1f} ms", f"{bare:,.1f} ms", reached, times, leads)


def within(name: str, product: str, bare: str, reached: float, times: float, leads: int) -> Ratio:
    required = f"≤ {times:g}×" if is_judged(leads) else "—"
    return Ratio(
        name, product, bare, required, f"{reached:.2f}×", required == "—" or reached <= times
    )


def digest_rows(found: Digests, leads: int, each: int) -> list[Ratio]:
    """The typical digest, nearly every digest, and what its statements look at."""
    limit = max(ROWS_A_LEAD * each, SMALL_TABLE)
    told = [
        (f"digest, p{percent}", *(percentile(series, percent) for series in _series(found)))
        for percent in (50, 95)
    ]
    rows = [
        within(name, f"{product:,.1f} ms", f"{bare:,.1f} ms", times, DIGEST_TIMES, leads)
        for name, product, bare, times in told
    ]
    content = Ratio("digest, content alone, p50", f"{median(found.figures):,.1f} ms")
    return [
        *rows,
        content,
        Ratio(
            "digest, rows that one statement reads",
            f"{found.rows_read:,.0f} rows",
            required=f"≤ {limit:,} rows" if is_judged(leads) else "—",
            is_good=not is_judged(leads) or found.rows_read <= limit,
        ),
    ]


def _series(found: Digests) -> tuple[list[float], list[float], list[float]]:
    """The third: each digest in times of its own bare SQL."""
    return found.product, found.sql, found.times
