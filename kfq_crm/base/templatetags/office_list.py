"""The rows of a list: cells for a table on a desk, for a card on a phone.

Drawn here and not by Unfold's tag, which works out all column heads anew for every row, a third
of the time that a page takes. Columns are fields, or methods with the options of `admin.display`;
Unfold's labels, drop-downs and sections are not drawn.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_list import result_hidden_fields
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.templatetags.base import InclusionAdminNode
from django.contrib.admin.utils import lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import DateField, ForeignKey, ManyToOneRel, TimeField
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from unfold.admin import checkbox
from unfold.templatetags import unfold_list
from unfold.utils import display_for_field, display_for_value

register = template.Library()

CHECKBOX = "action_checkbox"
_PLACE = "0pk0"
_KEPT = "kept_filters"


@register.tag(name="office_result_list")
def result_list_tag(parser: Any, token: Any) -> InclusionAdminNode:
    return InclusionAdminNode(
        parser, token, func=result_list, template_name="change_list_results.html"
    )


def result_list(context: Any, cl: Any) -> dict[str, Any]:
    """What the template of the rows is given; heads are worked out once."""
    headers = list(unfold_list.result_headers(cl))
    return {
        "cl": cl,
        "result_hidden_fields": list(result_hidden_fields(cl)),
        "result_headers": headers,
        "num_sorted_fields": sum(bool(h["sortable"] and h["sorted"]) for h in headers),
        "results": list(_rows(cl, headers)),
        "actions_row": context.get("actions_row"),
        "has_add_permission": cl.model_admin.has_add_permission(context["request"]),
    }


class Row(list[SafeString]):
    """The cells of a record."""

    def __init__(self, instance: Any, cells: Iterator[SafeString]) -> None:
        super().__init__(cells)
        self.instance = instance


@dataclass(frozen=True)
class Column:
    """What the cells of a column have in common: their tag up to the end of its classes, its
    label, whether they lead to the record."""

    name: str
    tag: str
    classes: str
    label: SafeString
    leads: bool

    def cell(self, text: Any, extra: str = "") -> SafeString:
        # The parts are escaped already.
        return mark_safe(  # noqa: S308 — as said above
            f'<{self.tag} class="{self.classes}{extra}" data-label="{self.label}">'
            f"{conditional_escape(text)}</{self.tag}>"
        )


def _rows(cl: Any, headers: list[dict[str, Any]]) -> Iterator[Row]:
    columns = list(_columns(cl, headers))
    before, after = str(checkbox.render(ACTION_CHECKBOX_NAME, _PLACE)).split(_PLACE)
    for record in cl.result_list:
        box = mark_safe(f"{before}{conditional_escape(record.pk)}{after}")  # noqa: S308 — Django's own mark-up
        yield Row(
            record,
            (c.cell(box) if c.name == CHECKBOX else _cell(cl, record, c) for c in columns),
        )


def _columns(cl: Any, headers: list[dict[str, Any]]) -> Iterator[Column]:
    shown, links = cl.model_admin.phone_columns, cl.list_display_links or ()
    names = [getattr(name, "__name__", name) for name in cl.list_display]
    first = next((name for name in names if name != CHECKBOX), "")
    for name, header in zip(names, headers, strict=True):
        if name == CHECKBOX:
            classes, label = " ".join(unfold_list.CHECKBOX_CLASSES), _("Select record")
        else:
            # Cards show the first column as their head and `phone_columns` below it.
            hidden = "o-phone-hidden " if shown and name not in (first, *shown) else ""
            classes = f"{hidden}field-{name} {' '.join(unfold_list.ROW_CLASSES)}"
            label = header["text"]
        tag = "th" if name in links and name == links[0] else "td"
        yield Column(name, tag, classes, conditional_escape(label), name in links)


def _cell(cl: Any, record: Any, column: Column) -> SafeString:
    text, extra = _shown(cl.model_admin, record, column.name)
    return column.cell(_link(cl, record, text) if column.leads else text, extra)


def _shown(model_admin: Any, record: Any, name: str) -> tuple[Any, str]:
    """The value as it is read, and classes that its kind asks for."""
    empty = model_admin.get_empty_value_display()
    try:
        field, attr, value = lookup_field(name, record, model_admin)
    except ObjectDoesNotExist:
        return empty, ""
    empty = getattr(attr, "empty_value_display", empty)
    if field is None or field.auto_created:
        is_time = isinstance(value, datetime.date | datetime.time)
        shown = display_for_value(value, empty, getattr(attr, "boolean", False))
        return shown, " nowrap" if is_time else ""
    nowrap = " nowrap" if isinstance(field, DateField | TimeField | ForeignKey) else ""
    if isinstance(field.remote_field, ManyToOneRel):
        related = getattr(record, field.name)
        return (empty if related is None else related), nowrap
    return display_for_field(value, field, empty), nowrap


def _link(cl: Any, record: Any, text: Any) -> Any:
    try:
        url = cl.url_for_result(record)
    except NoReverseMatch:
        return text
    if _KEPT not in cl.__dict__:
        cl.__dict__[_KEPT] = _kept_filters(cl, url)
    url += cl.__dict__[_KEPT]
    opener = record.serializable_value(str(cl.to_field or cl.lookup_opts.pk.attname))
    popup = format_html(' data-popup-opener="{}"', opener) if cl.is_popup else ""
    classes = " ".join(unfold_list.LINK_CLASSES)
    return format_html('<a href="{}" class="{}"{}>{}</a>', url, classes, popup, text)


def _kept_filters(cl: Any, url: str) -> str:
    """What the links of all rows end with, so that the way back leads to the same list."""
    given = {"preserved_filters": cl.preserved_filters, "opts": cl.opts}
    return str(add_preserved_filters(given, url)).removeprefix(url)
