"""The list that every list page is: tabs above it, rows that know the day, cards on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from unfold.views import ChangeList

from kfq_crm.base.calendar import current_calendar

TAB_VAR = "tab"


@dataclass(frozen=True)
class Tab:
    """A part of a list that people ask for by name; `key` stands in the address."""

    key: str
    label: Any
    empty: Any = ""
    ordering: tuple[Any, ...] = ()


class OfficeChangeList(ChangeList):
    """A changelist with tabs. The tab is a parameter of its own, not a filter.

    An address without a tab opens the first one, unless it searches or filters: then the last
    one, which holds everything, so that a link to a filtered list finds what it promises.
    The model's admin may say: `list_tabs(request)`, `default_tab(request)`,
    `in_tab(request, rows, key)`, `page_name` (the page that a row opens), `list_defer` (columns
    that a list never shows), `calendar_in_list` (rows show limits in working days).
    """

    tabs: Sequence[Tab] = ()
    tab: Tab | None = None

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.title = str(self.opts.verbose_name_plural)

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        return {k: v for k, v in super().get_filters_params(params).items() if k != TAB_VAR}

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        self.tabs = self.model_admin.list_tabs(request)
        self.tab = _chosen(self.tabs, request, self.model_admin.default_tab(request))
        if self.tab:
            # Every link and form of the page keeps the tab, also one that nobody chose.
            self.params[TAB_VAR], self.filter_params[TAB_VAR] = self.tab.key, [self.tab.key]
            self.root_queryset = self.model_admin.in_tab(request, self.root_queryset, self.tab.key)
        rows = super().get_queryset(request, *args, **kwargs)
        return rows.defer(*self.model_admin.list_defer)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        if self.tab and self.tab.ordering and not self.params.get(ORDER_VAR):
            return list(self._get_deterministic_ordering(self.tab.ordering))
        return list(super().get_ordering(request, queryset))

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # The foot of the page counts; Unfold's head would count again, with a link to everything.
        self.full_result_count = self.result_count
        self.result_list = list(self.result_list)
        if self.model_admin.calendar_in_list:
            today, calendar = timezone.localdate(), current_calendar()
            for row in self.result_list:
                row.list_today, row.list_calendar = today, calendar

    def url_for_result(self, result: Any) -> str:
        name = self.model_admin.page_name
        return reverse(name, args=[result.pk]) if name else super().url_for_result(result)

    @property
    def tab_links(self) -> list[tuple[Tab, str, bool]]:
        """Tab, address, whether it is open. Search and filters go along, an order does not."""
        return [
            (tab, self._address({TAB_VAR: [tab.key]}, {ORDER_VAR}), tab == self.tab)
            for tab in self.tabs
        ]

    @property
    def query_string(self) -> str:
        """What the list is narrowed to, for a button that acts on all of it."""
        return self._address({}, {ORDER_VAR})

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter may be what leaves the list empty."""
        return bool(self.query or self.has_active_filters)

    @property
    def widest_link(self) -> str:
        """The same search in the last tab, which holds everything, without filters."""
        words = {SEARCH_VAR: [self.query]} if self.query else {}
        tab = {TAB_VAR: [self.tabs[-1].key]} if self.tabs else {}
        return self._address({**words, **tab}, set(self.filter_params))

    def _address(self, new: dict[str, list[str]], without: set[str]) -> str:
        # Not get_query_string, whose `remove` takes prefixes: "o" would take "owner" along.
        kept = {key: value for key, value in self.filter_params.items() if key not in without}
        return "?" + urlencode({**kept, **new}, doseq=True)


def _chosen(tabs: Sequence[Tab], request: HttpRequest, default: str) -> Tab | None:
    known = {tab.key: tab for tab in tabs}
    if not tabs or request.GET.get(TAB_VAR) in known:
        return known.get(request.GET.get(TAB_VAR, ""))
    if set(request.GET) - {PAGE_VAR, ORDER_VAR, ERROR_FLAG}:
        return tabs[-1]
    return known.get(default) or tabs[0]
