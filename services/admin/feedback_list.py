"""The list of outcomes told to enterprises, with their ratings: what the figures count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.changelist import OfficeChangeList, Tab
from kfq_crm.base.filters import RecordFilter, SelectFilter
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import day
from leads.admin.lead_columns import two_lines
from leads.admin.lead_filters import DayFilter
from services.admin.questions import page_of
from services.models import Department, Feedback
from services.timeliness import LOW_SCORE


class DepartmentFilter(RecordFilter):
    title = pgettext_lazy("feedback", "department")
    parameter_name = "department"
    column = "department"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return Department.objects.values_list("pk", "name")


class GivenFilter(DayFilter):
    title = gettext_lazy("fed back between")
    parameter_name = "given"

    def narrow(self, rows: QuerySet[Any], start: Any, end: Any) -> QuerySet[Any]:
        # Bounds in site time, not a cast of the column, so that the index serves.
        if start:
            rows = rows.filter(given_at__gte=_moment(start, time.min))
        return rows.filter(given_at__lte=_moment(end, time.max)) if end else rows


def _moment(day: Any, at: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, at))


class InTimeFilter(SelectFilter):
    title = gettext_lazy("fed back in time")
    parameter_name = "in_time"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return (
            ("yes", pgettext_lazy("feedback", "in time")),
            ("no", pgettext_lazy("feedback", "late")),
        )

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value not in ("yes", "no"):
            raise IncorrectLookupParameters(f"in_time={value[:20]}")
        return rows.filter(in_time=value == "yes")


class RatingFilter(SelectFilter):
    title = gettext_lazy("rating")
    parameter_name = "rating"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return (
            ("rated", pgettext_lazy("feedback", "rated")),
            ("low", pgettext_lazy("feedback", "rated 1 or 2")),
            ("unrated", pgettext_lazy("feedback", "not rated")),
        )

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "low":
            return rows.filter(score__lte=LOW_SCORE)
        if value not in ("rated", "unrated"):
            raise IncorrectLookupParameters(f"rating={value[:20]}")
        return rows.filter(score__isnull=value == "unrated")


class FeedbackChangeList(OfficeChangeList):
    """A row opens the question."""

    def url_for_result(self, result: Any) -> str:
        return page_of(result.question)


@admin.register(Feedback)
class FeedbackAdmin(ScopedModelAdmin):
    """Outcomes are told on the question's page; a round that was rated low has a next one."""

    list_display = ("asked", "answered_by", "outcome_word", "told", "rating")
    phone_columns = ("answered_by", "told", "rating")
    list_filter = (DepartmentFilter, GivenFilter, InTimeFilter, RatingFilter)
    list_select_related = ("question__enterprise", "department")
    list_defer = (
        *("text", "words", "question__text"),
        *("question__search_text", "question__search_grams", "question__enterprise__note"),
        *("question__enterprise__search_text", "question__enterprise__search_grams"),
    )
    sortable_by = ()
    empty_hint = gettext_lazy("No outcome has been told to an enterprise yet.")

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (Tab("all", pgettext_lazy("feedbacks", "all")),)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OfficeChangeList]:
        return FeedbackChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        feedback = self.get_object(request, object_id)
        if feedback is None:
            raise Http404
        return HttpResponseRedirect(page_of(feedback.question))

    @admin.display(description=gettext_lazy("question and enterprise"))
    def asked(self, feedback: Feedback) -> SafeString:
        question = feedback.question
        second = f"{question.enterprise} · {question.number}"
        if feedback.round > 1:
            second += " · " + _("asked for the %(number)d. time") % {"number": feedback.round}
        return two_lines(question.title, second)

    @admin.display(description=pgettext_lazy("feedback", "department"))
    def answered_by(self, feedback: Feedback) -> str:
        return str(feedback.department)

    @admin.display(description=gettext_lazy("outcome"))
    def outcome_word(self, feedback: Feedback) -> str:
        return str(feedback.get_outcome_display())

    @admin.display(description=gettext_lazy("fed back at"))
    def told(self, feedback: Feedback) -> SafeString:
        colour = "green" if feedback.in_time else "red"
        word = _("fed back in time (mark)") if feedback.in_time else _("fed back late")
        return format_html(
            '<span class="o-nowrap">{}</span> <span class="o-badge o-badge--{}">{}</span>',
            day(feedback.given_at),
            colour,
            word,
        )

    @admin.display(description=gettext_lazy("rating"))
    def rating(self, feedback: Feedback) -> SafeString | str:
        if feedback.score is None:
            return pgettext_lazy("feedback", "not rated")
        colour = " o-badge--red" if feedback.score <= LOW_SCORE else ""
        told = _("rated %(score)d of 5") % {"score": feedback.score}
        return format_html('<span class="o-badge{}">{}</span>', colour, told)
