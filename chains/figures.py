"""How figures of targets and results read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chains.models import Comparator

if TYPE_CHECKING:
    from decimal import Decimal

    from chains.models import AnnualTarget


def with_unit(value: Decimal | None, unit: str) -> str:
    """A figure with its unit, without idle zeros; "" without one."""
    return "" if value is None else f"{value.normalize():,f} {unit}".strip()


def growth(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():+f}%"


def target_text(target: AnnualTarget) -> str:
    """What is to be reached, and how it is meant."""
    words = with_unit(target.value, target.metric.unit) or growth(target.growth_percent)
    if target.comparator == Comparator.EXACT:
        return words
    return f"{words} ({target.get_comparator_display()})"
