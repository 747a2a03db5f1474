"""The conflict page: your value, theirs, who and when, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Model
from django.http import QueryDict
from django.utils.translation import gettext as _

CHOICE = "keep:"
MINE, THEIRS = "mine", "theirs"


@dataclass(frozen=True)
class Difference:
    """One field on which two people disagree."""

    name: str
    label: str
    mine: str
    theirs: str
    base: str | None
    suggestion: str

    @property
    def choice_name(self) -> str:
        return CHOICE + self.name


def differences(mine: forms.BaseForm, theirs: forms.BaseForm, base: Model | None) -> list[Any]:
    """Fields whose typed and stored values differ. `mine` is bound, `theirs` shows the fresh row.

    Where only one side departed from the common revision, that side is suggested.
    """
    rows = []
    for name in mine.fields:
        typed, stored = (_shown(form[name], form[name].value()) for form in (mine, theirs))
        if typed != stored:
            common = _base_text(theirs, name, base)
            suggestion = THEIRS if common == typed else MINE if common == stored else ""
            label = str(mine[name].label or name)
            rows.append(Difference(name, label, typed, stored, common, suggestion))
    return rows


def _shown(bound: forms.BoundField, value: Any) -> str:
    """A value as a person reads it: the choice's label, the person's name, yes or no."""
    value = bound.field.prepare_value(value)
    if isinstance(bound.field.widget, forms.CheckboxInput):
        return _("yes") if value else _("no")
    if isinstance(bound.field, forms.ModelMultipleChoiceField | forms.ModelChoiceField):
        keys = value if isinstance(value, list | tuple | set) else [value]
        chosen = bound.field.queryset.filter(pk__in=[key for key in keys if key])  # type: ignore[union-attr]  # set by then
        return ", ".join(sorted(str(row) for row in chosen))
    choices = dict(getattr(bound.field, "choices", ()))
    if str(value) in choices:
        return str(choices[str(value)])
    shown = bound.field.widget.format_value(value)
    if isinstance(shown, list | tuple):
        shown = " ".join(str(part) for part in shown if part)
    return "" if shown is None else str(shown)


def _base_text(theirs: forms.BaseForm, name: str, base: Model | None) -> str | None:
    """The common revision's value; None where revisions do not keep it (rows of other tables)."""
    if base is None or not hasattr(base, name):
        return None
    reads = getattr(theirs, "initial_of", getattr)
    return _shown(theirs[name], reads(base, name))


def settle(data: QueryDict, theirs: forms.BaseForm) -> QueryDict:
    """The posted data with the stored value put in wherever the person chose theirs."""
    settled = data.copy()
    for key in [key for key in data if key.startswith(CHOICE)]:
        name = key.removeprefix(CHOICE)
        if data[key] == THEIRS and name in theirs.fields:
            _take_stored(settled, theirs[name])
        del settled[key]
    return settled


def _take_stored(settled: QueryDict, bound: forms.BoundField) -> None:
    for part in [key for key in settled if _belongs(key, bound.html_name)]:
        del settled[part]
    widget, value = bound.field.widget, bound.field.prepare_value(bound.value())
    if isinstance(widget, forms.MultiWidget):
        for number, piece in enumerate(widget.decompress(value)):
            settled[f"{bound.html_name}_{number}"] = (
                widget.widgets[number].format_value(piece) or ""
            )
    elif isinstance(widget, forms.CheckboxInput):
        if value:
            settled[bound.html_name] = "on"
    elif isinstance(value, list | tuple | set):
        settled.setlist(bound.html_name, [str(item) for item in value])
    else:
        settled[bound.html_name] = _raw(widget, value)


def _raw(widget: Any, value: object) -> str:
    shown = widget.format_value(value)
    if isinstance(shown, list):
        shown = shown[0] if shown else ""
    return "" if shown is None else str(shown)


def _belongs(key: str, name: str) -> bool:
    return key == name or (key.startswith(f"{name}_") and key.removeprefix(f"{name}_").isdigit())
