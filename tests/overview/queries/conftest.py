"""The small world of the overview's figures."""

from tests.overview.spring import spring

__all__ = ["spring"]
