"""Filters of lists: plain selects and ranges whose options are scoped by whoever writes them.

None reads a model's default manager; a filter only ever narrows rows that a person sees anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib.admin import ListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from kfq_crm.base.errors import RuleViolation

LARGEST_KEY = 2**63 - 1


class PlainSelect(UnfoldAdminSelectWidget):
    """Draws its options itself: a template for each of a filter's people takes its time."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        given = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        groups = self.optgroups(name, self.format_value(value))
        options = format_html_join("", "{}", ((_group(*group),) for group in groups))
        return format_html(_SELECT, given, options)


class PlainText(UnfoldAdminTextInputWidget):
    """Draws itself as well: a list has a dozen of them."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        given = {**(attrs or {}), "type": self.input_type, "name": name}
        shown = self.format_value(value)
        if shown is not None:
            given["value"] = shown
        return format_html("<input{}>", flatatt(self.build_attrs(self.attrs, given)))


_SELECT = (
    '<div class="grow relative max-w-2xl"><select{}>{}</select>'
    '<span class="material-symbols-outlined absolute pointer-events-none mr-[12px] right-0'
    " text-base-400 top-0 top-1/2 hover:text-base-700 dark:text-base-500"
    ' dark:hover:text-base-200 -translate-y-1/2">expand_more</span></div>'
)


def _group(label: Any, options: list[dict[str, Any]], _index: int) -> SafeString:
    rows = mark_safe("".join(map(_option, options)))  # noqa: S308 — the parts are escaped
    return format_html('<optgroup label="{}">{}</optgroup>', label, rows) if label else rows


def _option(option: dict[str, Any]) -> str:
    value, label = (conditional_escape(option[name]) for name in ("value", "label"))
    return f'<option value="{value}"{flatatt(option["attrs"])}>{label}</option>'


class SelectFilter(SimpleListFilter):
    """One of a few options; says them in `options`, narrows in `narrow`."""

    template = "unfold/filters/filters_field.html"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        raise NotImplementedError

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(self.options(request))

    def has_output(self) -> bool:
        # A filter that an address asks for narrows even where it has nothing to offer.
        return super().has_output() or bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return self.narrow(queryset, value) if value else queryset

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        field = forms.ChoiceField(
            label=self.title,
            required=False,
            choices=[("", pgettext("filter", "all")), *self.lookup_choices],
            widget=PlainSelect(),
        )
        yield {"form": _form_of({self.parameter_name: field}, self.used_parameters)}


class FieldFilter(SelectFilter):
    """The rows whose column holds the chosen code; a code that does not exist is no address."""

    column: ClassVar[str]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value not in _codes(self.lookup_choices):
            raise IncorrectLookupParameters(f"{self.parameter_name}={value[:20]}")
        return rows.filter(**{self.column: value})


class RecordFilter(SelectFilter):
    """The rows that point to the chosen record.

    A record outside the options is taken as well: a link may name a person who has left.
    The rows are scoped, so that it tells nothing that they do not show.
    """

    column: ClassVar[str]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{self.column: key_of(value)})


class RangeFilter(ListFilter):
    """From and to, typed as people write them; `parse` reads a text or raises RuleViolation."""

    template = "office/filter_range.html"
    parameter_name: ClassVar[str]
    hint: ClassVar[Any] = ""

    def parse(self, text: str) -> Any:
        raise NotImplementedError

    def narrow(self, rows: QuerySet[Any], start: Any, end: Any) -> QuerySet[Any]:
        raise NotImplementedError

    def __init__(self, request: Any, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.bounds: dict[str, Any] = {}
        self.problems: dict[str, str] = {}
        for name in self.expected_parameters():
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]
                self._read(name, self.used_parameters[name])

    def _read(self, name: str, text: str) -> None:
        try:
            self.bounds[name] = self.parse(text) if text.strip() else None
        except RuleViolation as violation:
            self.problems[name] = str(violation.message)

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.parameter_name}_from", f"{self.parameter_name}_to"]

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """A bound that cannot be read finds nothing: rows would look as if they fitted."""
        if self.problems:
            return queryset.none()
        start, end = (self.bounds.get(str(name)) for name in self.expected_parameters())
        return self.narrow(queryset, start, end)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        names = [str(name) for name in self.expected_parameters()]
        hints = (_("from %(hint)s"), _("up to %(hint)s"))
        fields = {
            name: forms.CharField(
                required=False,
                widget=PlainText(
                    attrs={
                        "placeholder": (text % {"hint": self.hint}).strip(),
                        "aria-label": f"{self.title} {text % {'hint': ''}}".strip(),
                    }
                ),
            )
            for name, text in zip(names, hints, strict=True)
        }
        form = _form_of(fields, self.used_parameters)
        for name, problem in self.problems.items():
            form.add_error(name, problem)
        yield {"form": form}


def key_of(text: str) -> int:
    """A record's number from an address; anything else is no address of ours."""
    if not (text.isascii() and text.isdecimal()) or int(text) > LARGEST_KEY:
        raise IncorrectLookupParameters(text[:20])
    return int(text)


def _form_of(fields: Mapping[str | None, Any], data: Mapping[Any, Any]) -> forms.Form:
    form = type("FilterForm", (forms.Form,), {str(name): field for name, field in fields.items()})(
        data={name: value for name, value in data.items() if value is not None}
    )
    form.is_valid()
    return form


def _codes(choices: Iterable[tuple[Any, Any]]) -> set[str]:
    """The codes of options, those inside groups as well."""
    found: set[str] = set()
    for code, label in choices:
        found |= _codes(label) if isinstance(label, list | tuple) else {str(code)}
    return found
