"""Reading the data files, and adding rows without touching what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from django.db import models
from django.db.models import Q

from kfq_crm.base import concurrency
from kfq_crm.base.models import Versioned

DATA = Path(__file__).resolve().parents[1] / "data"
REPORT = "2024年工作报告"

M = TypeVar("M", bound=models.Model)


def read(name: str) -> dict[str, Any]:
    """One data file, by its name without the ending."""
    loaded: dict[str, Any] = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def source_of(row: dict[str, Any]) -> str:
    """The section of the report that a row rests on, as people cite it."""
    return f"{REPORT} {row['source']}" if row.get("source") else ""


def add(model: type[M], where: dict[str, Any] | Q, **values: Any) -> M:
    """The row that `where` identifies, left as it is; made of `where` and `values` if missing."""
    condition = where if isinstance(where, Q) else Q(**where)
    known = model._default_manager.filter(condition).first()
    return known or make(model, **({} if isinstance(where, Q) else where), **values)


def make(model: type[M], **values: Any) -> M:
    """A new row; with its history and its change record where the model keeps them."""
    row = model(**values)
    if isinstance(row, Versioned):
        concurrency.create(row, by=None)
    else:
        row.save(force_insert=True)
    return row
