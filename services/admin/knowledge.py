"""Knowledge: answers found by their words, by category; each with the day it was last checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.changelist import Tab
from kfq_crm.base.forms import JudgedForm
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from kfq_crm.base.templatetags.office import day
from leads.admin.lead_columns import two_lines
from services.actions.knowledge import keep_answer, retire_entry, update_entry
from services.admin.questions import CategoryFilter
from services.models import KnowledgeEntry, Question

FACTS = ("title", "answer", "basis", "category")
CHANGE = "services.change_knowledgeentry"


class KnowledgeForm(JudgedForm):
    answer = forms.CharField(
        label=pgettext_lazy("knowledge", "answer"),
        max_length=4000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
    )

    class Meta:
        model = KnowledgeEntry
        fields = FACTS


@admin.register(KnowledgeEntry)
class KnowledgeAdmin(OwnPageAdmin):
    form = KnowledgeForm
    fields = FACTS
    page_name = "admin:services_knowledgeentry_page"
    list_display = ("entry", "category", "rests_on", "checked")
    phone_columns = ("category", "checked")
    list_filter = (CategoryFilter,)
    list_select_related = ("category",)
    list_defer = ("search_text", "search_grams", "answer")
    search_fields = ("title",)
    search_help_text = gettext_lazy("Words of the question or the answer, pinyin initials")
    add_label = gettext_lazy("Write an entry")
    empty_hint = gettext_lazy(
        "Nothing is kept yet. An entry is made on the page of a question that was answered."
    )

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("valid", pgettext_lazy("knowledge", "in use")),
            Tab("all", pgettext_lazy("knowledge", "all, with retired ones")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        return rows.filter(retired_on=None) if tab == "valid" else rows

    @admin.display(description=pgettext_lazy("knowledge", "question"))
    def entry(self, entry: KnowledgeEntry) -> str:
        retired = _("no longer valid") if entry.retired_on else ""
        return two_lines(entry.title, retired)

    @admin.display(description=pgettext_lazy("knowledge", "rests on"))
    def rests_on(self, entry: KnowledgeEntry) -> str:
        return entry.basis or "—"

    @admin.display(description=gettext_lazy("last checked on"), ordering="checked_on")
    def checked(self, entry: KnowledgeEntry) -> str:
        return format_html('<span class="o-nowrap">{}</span>', day(entry.checked_on))

    def write(
        self,
        request: HttpRequest,
        instance: KnowledgeEntry,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> KnowledgeEntry:
        user: Any = request.user
        if instance.pk:
            return update_entry(entry=instance, values=values, by=user, expected=expected)
        return keep_answer(values=values, by=user)


def knowledge_page(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    rows = KnowledgeEntry.objects.visible_to(user).select_related("category", "written_by")
    entry = get_object_or_404(rows, pk=pk)
    source = Question.objects.visible_to(user).filter(pk=entry.question_id).first()
    context = {"entry": entry, "source": source, "may_change": user.has_perm(CHANGE)}
    return office_page(request, "services/knowledge_page.html", entry.title, context)


class RetirePage(ActionPage):
    model = KnowledgeEntry
    title = gettext_lazy("Take an entry out of use")
    submit_label = gettext_lazy("Take it out of use")
    is_danger = True

    def is_allowed(self) -> bool:
        return self.user.has_perm(CHANGE)

    def page_of(self, subject: Any) -> str:
        return reverse("admin:services_knowledgeentry_page", args=[subject.pk])

    def refusal(self) -> str:
        return _("This entry is no longer in use already.") if self.subject.retired_on else ""

    def consequences(self) -> list[str]:
        return [_("It is offered to nobody any more; it stays readable.")]

    def act(self, form: Any) -> str:
        retire_entry(entry=self.subject, by=self.user, expected=self.expected())
        return _("The entry is out of use.")


admin.site.add_page(
    "services/knowledgeentry/<int:pk>/page/", knowledge_page, "services_knowledgeentry_page"
)
admin.site.add_page(
    "services/knowledgeentry/<int:pk>/retire/",
    RetirePage.as_view(),
    "services_knowledgeentry_retire",
)
