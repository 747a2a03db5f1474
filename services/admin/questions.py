"""The list of enterprise questions: 我的 · 本部门 · 逾期 · 全部, each with its traffic light."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.changelist import OfficeChangeList, Tab
from kfq_crm.base.filters import FieldFilter, RecordFilter
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import day, limit_text
from leads.admin.lead_columns import two_lines
from services.models import (
    Department,
    Question,
    QuestionCategory,
    QuestionState,
    cared_for_by,
    departments_of,
)
from services.question_clock import question_rule, standing

BY_LIMIT = ("due_on", "-pk")


class StateFilter(FieldFilter):
    title = pgettext_lazy("question", "state")
    parameter_name = "state"
    column = "state"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return QuestionState.choices


class CategoryFilter(RecordFilter):
    title = gettext_lazy("category of questions")
    parameter_name = "category"
    column = "category"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return QuestionCategory.objects.values_list("pk", "name")


class DepartmentFilter(RecordFilter):
    title = gettext_lazy("responsible department")
    parameter_name = "department"
    column = "department"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return Department.objects.values_list("pk", "name")


class QuestionChangeList(OfficeChangeList):
    """Rows know from how many days left on they are amber."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        amber = question_rule(timezone.localdate()).amber_from if self.result_list else 1
        for row in self.result_list:
            row.list_amber = amber


@admin.register(Question)
class QuestionAdmin(ScopedModelAdmin):
    """Questions are taken in and moved by verbs; the list finds them."""

    page_name = "admin:services_question_page"
    list_display = ("name", "company", "about", "whose", "state_word", "limit", "asked")
    phone_columns = ("company", "state_word", "limit")
    list_filter = (StateFilter, CategoryFilter, DepartmentFilter)
    list_select_related = ("enterprise", "category", "department", "handler")
    list_defer = (
        *("text", "search_text", "search_grams"),
        *("enterprise__search_text", "enterprise__search_grams", "enterprise__note"),
    )
    search_fields = ("title",)  # searching reads the search columns; the name shows the box
    search_help_text = gettext_lazy("Words of the question, enterprise, number, pinyin initials")
    calendar_in_list = True
    add_label = gettext_lazy("Take in a question")
    empty_hint = gettext_lazy(
        "No question is on record that you may see. Take one in, or give an enterprise its link."
    )
    list_before_template = "services/question/list_before.html"
    masked_fields = frozenset({"contact_phone", "contact_email"})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OfficeChangeList]:
        return QuestionChangeList

    # --- Parts -----------------------------------------------------------------------------

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        nothing_late = gettext_lazy("Nothing is overdue.")
        return (
            Tab("mine", pgettext_lazy("questions", "mine"), ordering=BY_LIMIT),
            Tab("department", pgettext_lazy("questions", "my department"), ordering=BY_LIMIT),
            Tab("overdue", pgettext_lazy("questions", "overdue"), nothing_late, BY_LIMIT),
            Tab("all", pgettext_lazy("questions", "all")),
        )

    def default_tab(self, request: HttpRequest) -> str:
        user: Any = request.user
        if user.has_perm("services.direct_questions"):
            return "all"
        return "department" if departments_of(user).exists() else "mine"

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        user: Any = request.user
        unfinished = rows.filter(due_on__isnull=False)
        if tab == "mine":
            cared = Q(enterprise__in=cared_for_by(user))
            return unfinished.filter(Q(handler=user) | Q(taken_in_by=user) | cared)
        if tab == "department":
            return unfinished.filter(department__in=departments_of(user).values("pk"))
        if tab == "overdue":
            return rows.filter(due_on__lt=timezone.localdate())
        return rows

    # --- Columns ---------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("question in a line"))
    def name(self, question: Question) -> SafeString:
        second = question.number
        if question.round > 1:
            second += " · " + _("asked for the %(number)d. time") % {"number": question.round}
        return two_lines(question.title, second)

    @admin.display(description=gettext_lazy("enterprise"))
    def company(self, question: Question) -> str:
        return str(question.enterprise)

    @admin.display(description=gettext_lazy("category and place"))
    def about(self, question: Question) -> SafeString:
        return two_lines(str(question.category), question.place)

    @admin.display(description=gettext_lazy("department and person"))
    def whose(self, question: Question) -> SafeString:
        whom = str(question.department or _("not assigned yet"))
        return two_lines(whom, str(question.handler or ""))

    @admin.display(description=pgettext_lazy("question", "state"), ordering="state")
    def state_word(self, question: Question) -> str:
        if question.score and not question.is_open:
            told = _("rated %(score)d of 5") % {"score": question.score}
            return two_lines(state_of(question), told)
        return state_of(question)

    @admin.display(description=gettext_lazy("limit"), ordering="due_on")
    def limit(self, question: Any) -> SafeString:
        return limit_badge(
            question, question.list_calendar, question.list_today, question.list_amber
        )

    @admin.display(description=pgettext_lazy("question", "asked on"), ordering="taken_in_at")
    def asked(self, question: Question) -> str:
        return format_html('<span class="o-nowrap">{}</span>', day(question.taken_in_at))

    # --- No form of its own ----------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:services_question_take_in"))

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        question = self.get_object(request, object_id) if object_id else None
        if question and request.method == "GET":
            return HttpResponseRedirect(page_of(question))
        return super().changeform_view(request, object_id, *args, **kwargs)


def page_of(question: Question) -> str:
    return reverse("admin:services_question_page", args=[question.pk])


def state_of(question: Question) -> str:
    """The state; of a closed one how it was closed."""
    return question.get_closing_display() if question.closing else question.get_state_display()


def limit_badge(question: Question, calendar: Any, today: Any, amber_from: int) -> SafeString:
    """The traffic light: a word with the colour, the limit in working days, its day on hover."""
    shown = standing(question, calendar, today, amber_from)
    if shown.due_on:
        text = limit_text(shown.due_on, today, calendar)
        title = day(shown.due_on)
    elif question.fed_back_at:
        text = _("fed back late") if question.was_late else _("fed back in time (mark)")
        title = day(question.fed_back_at)
    else:
        return format_html('<span class="o-badge">{}</span>', "—")
    return format_html(
        '<span class="o-badge o-badge--{}" title="{}">{}</span>', shown.light.value, title, text
    )
