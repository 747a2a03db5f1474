"""A refused value is refused at its field, by the same words in form, API and import."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from kfq_crm.base.errors import RuleViolation

if TYPE_CHECKING:
    from django.db.models import Model


def check_columns(instance: Model, fields: Collection[str] | None = None) -> None:
    """Refuse what the columns cannot hold, at its field: too long, no such choice, left out.

    Without it SQLite stores such a value and PostgreSQL answers with an error of its own. Typed
    values are replaced by clean ones ("3.2" by a decimal).
    """
    columns = [f for f in instance._meta.fields if fields is None or f.name in fields]
    for column in columns:
        if column.is_relation and not column.null and getattr(instance, column.attname) is None:
            message = column.error_messages["blank"]
            raise RuleViolation("blank", message, column.name)
    checked = {column.name for column in columns if not column.is_relation}
    try:
        instance.clean_fields(exclude={f.name for f in instance._meta.fields} - checked)
    except ValidationError as error:
        field, problems = next(iter(error.error_dict.items()))
        raise RuleViolation(
            problems[0].code or "invalid", problems[0].messages[0], field
        ) from error


def fill(instance: Model, fields: Collection[str], values: Mapping[str, Any]) -> None:
    """Set those of the fields that `values` holds. Text loses the blanks at its ends, so that a
    blank alone does not pass for a reason, a reference or a name."""
    for name in fields & values.keys():
        value = values[name]
        setattr(instance, name, value.strip() if isinstance(value, str) else value)


@contextmanager
def at_field(name: str) -> Iterator[None]:
    """Parsers do not know where a text stood: what they refuse inside is refused at this field."""
    try:
        yield
    except RuleViolation as violation:
        raise RuleViolation(violation.code, violation.message, name) from violation


@contextmanager
def named(inside: str, outside: str) -> Iterator[None]:
    """What the verb inside refuses at one field stands at a field of another name outside."""
    try:
        yield
    except RuleViolation as violation:
        if violation.field != inside:
            raise
        raise RuleViolation(violation.code, violation.message, outside) from violation
