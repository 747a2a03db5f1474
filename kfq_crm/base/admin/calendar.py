"""The working-day calendar: a year at a glance, own days entered singly or as a span."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST

from kfq_crm.base.addresses import client_address
from kfq_crm.base.calendar import (
    current_calendar,
    load_year,
    missing_days,
    remove_day,
    set_days,
)
from kfq_crm.base.forms import JudgedForm, LedgerDateField
from kfq_crm.base.models import CalendarDay
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.workdays import WorkCalendar, is_national_workday

YEARS = range(2004, 2101)
_MONDAY_FIRST = Calendar()
INITIALS = (
    pgettext_lazy("weekday's initial", "Mo"),
    pgettext_lazy("weekday's initial", "Tu"),
    pgettext_lazy("weekday's initial", "We"),
    pgettext_lazy("weekday's initial", "Th"),
    pgettext_lazy("weekday's initial", "Fr"),
    pgettext_lazy("weekday's initial", "Sa"),
    pgettext_lazy("weekday's initial", "Su"),
)


class CalendarDayForm(JudgedForm):
    """A day, or the first day of a span."""

    day = LedgerDateField(label=gettext_lazy("calendar day"))
    until = LedgerDateField(
        label=gettext_lazy("last day of the span"),
        required=False,
        help_text=gettext_lazy("Empty: only the one day"),
    )

    class Meta:
        model = CalendarDay
        fields = ("day", "is_workday", "label")


@dataclass(frozen=True)
class Cell:
    """One day of the picture; `sign` is a word, so that the colour is never alone."""

    day: date
    works: bool
    own: CalendarDay | None

    @property
    def departs(self) -> bool:
        """Whether the own row says something else than the published calendar and the weekday."""
        return self.own is not None and self.works != is_national_workday(self.day)

    @property
    def sign(self) -> Any:
        if self.works and self.day.weekday() >= 5:
            return pgettext_lazy("calendar sign", "work")
        if not self.works and self.day.weekday() < 5:
            return pgettext_lazy("calendar sign", "rest")
        return ""


@admin.register(CalendarDay)
class CalendarDayAdmin(ScopedModelAdmin):
    form = CalendarDayForm
    ordering = ("-day",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("day", "is_workday", "label") if obj else ("day", "until", "is_workday", "label")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("day",) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"day": request.GET.get("day", "")}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("base.delete_calendarday"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The year as it is reckoned with, instead of a table of exceptions."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        year = _year(request)
        calendar = current_calendar()
        own = {row.day: row for row in self.get_queryset(request).filter(day__year=year)}
        context = {
            "year": year,
            "months": [_month(year, month, calendar, own) for month in range(1, 13)],
            "weekdays": list(zip(WEEKDAYS.values(), INITIALS, strict=True)),
            "own_days": sorted(own.values(), key=lambda row: row.day),
            "workdays": _workdays(year, calendar),
            "is_provisional": year > calendar.last_published_year,
            "last_published_year": calendar.last_published_year,
            "missing": len(missing_days(year)),
            "may_change": self.has_change_permission(request),
            "earlier": year - 1 if year - 1 in YEARS else None,
            "later": year + 1 if year + 1 in YEARS else None,
        }
        title = _("Working-day calendar %(year)s") % {"year": year}
        return office_page(request, "base/calendar.html", title, context)

    def write(
        self,
        request: HttpRequest,
        instance: CalendarDay,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> CalendarDay:
        rows = set_days(
            first=values.get("day") or instance.day,
            last=values.get("until"),
            is_workday=values["is_workday"],
            label=values["label"],
            by=request.user,
            address=client_address(request),
        )
        return rows[0]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        remove_day(row=obj, by=request.user, address=client_address(request))

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(_page_of(obj.day.year))

    response_post_save_change = response_post_save_add

    def get_urls(self) -> list[URLPattern]:
        load = path(
            "load/<int:year>/",
            self.admin_site.admin_view(require_POST(self.load_view)),
            name="base_calendarday_load",
        )
        return [load, *super().get_urls()]

    def load_view(self, request: HttpRequest, year: int) -> HttpResponse:
        """Enter the days of a year's notice that have no row yet."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if year not in YEARS:
            raise Http404
        rows = load_year(year=year, by=request.user, address=client_address(request))  # type: ignore[arg-type]  # signed in
        told = ngettext(
            "%(number)d day of the notice is entered.",
            "%(number)d days of the notice are entered.",
            len(rows),
        )
        messages.success(request, told % {"number": len(rows)})
        return HttpResponseRedirect(_page_of(year))

    def response_delete(self, request: HttpRequest, obj_display: Any, obj_id: Any) -> HttpResponse:
        super().response_delete(request, obj_display, obj_id)
        return HttpResponseRedirect(reverse("admin:base_calendarday_changelist"))


def _page_of(year: int) -> str:
    return f"{reverse('admin:base_calendarday_changelist')}?year={year}"


def _year(request: HttpRequest) -> int:
    text = request.GET.get("year", "")
    year = int(text) if text.isdecimal() and len(text) == 4 else timezone.localdate().year
    return year if year in YEARS else timezone.localdate().year


def _month(year: int, month: int, calendar: WorkCalendar, own: Mapping[date, CalendarDay]) -> Any:
    """First day of the month and its weeks, Monday first, with None outside the month."""
    weeks = [
        [
            Cell(day, calendar.is_workday(day), own.get(day)) if day.month == month else None
            for day in week
        ]
        for week in _MONDAY_FIRST.monthdatescalendar(year, month)
    ]
    return {"first": date(year, month, 1), "weeks": weeks}


def _workdays(year: int, calendar: WorkCalendar) -> int:
    return calendar.workdays_between(date(year - 1, 12, 31), date(year, 12, 31))
