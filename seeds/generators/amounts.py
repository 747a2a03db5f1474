"""Sizes of invented investments, with the band that the rules in force give them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kfq_crm.base.amounts import scale_band
from leads.rulebook import thresholds_on

# In ten thousand: many small ones, few large ones, as lists of leads have them.
_YUAN = (
    *(800, 1200, 1500, 2000, 2600, 3000, 3500, 4200, 5000, 5000, 6800, 8000, 8500, 9600),
    *(10000, 10000, 12000, 15000, 18000, 20000, 25000, 30000, 32000, 45000),
    *(50000, 52000, 60000, 80000, 100000, 120000, 200000, 350000),
)
_DOLLARS = (200, 350, 500, 800, 1000, 1200, 1500, 2000, 3000, 5000, 10000)
_FIXED_SHARES = (None, None, "0.55", "0.6", "0.7", "0.75", "0.8")
_ONE_IN_DOLLARS = 7


@dataclass(frozen=True, slots=True)
class Size:
    """What a lead would invest, and the band of it."""

    investment: Decimal | None
    fixed: Decimal | None
    currency: str
    band: str


NO_SIZE = Size(None, None, "CNY", "")


def sizes(today: date) -> list[Size]:
    """What to pick from; one in seven is in dollars."""
    thresholds = thresholds_on(today)
    yuan = [("CNY", value) for value in _YUAN for _n in range(_ONE_IN_DOLLARS)]
    dollars = [("USD", value) for value in _DOLLARS for _n in range(len(_YUAN) // len(_DOLLARS))]
    return [
        Size(
            Decimal(value),
            None if share is None else (Decimal(value) * Decimal(share)).quantize(Decimal(1)),
            currency,
            scale_band(Decimal(value), currency, thresholds),
        )
        for currency, value in yuan + dollars
        for share in _FIXED_SHARES
    ]
