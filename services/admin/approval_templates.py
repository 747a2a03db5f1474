"""Templates of approval plans: the list, the page with its drawing, the editor of its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.changelist import Tab
from kfq_crm.base.forms import JudgedForm
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import visible
from leads.admin.lead_columns import two_lines
from services.actions.templates import PaperValues, StepValues, create_template, save_template
from services.admin.plan_reading import ONE_LINE
from services.gantt import Chart, Row, StepDays, chart
from services.models import ApprovalTemplate, TemplateDependency, TemplateStep
from services.ordering import circle_in, planned

MAY_EDIT = "services.change_approvaltemplate"


class TemplateForm(JudgedForm):
    """What a template is for; its steps are edited on its page."""


@admin.register(ApprovalTemplate)
class ApprovalTemplateAdmin(OwnPageAdmin):
    """Plans copy a template: what is changed here moves no plan that was made before."""

    form = TemplateForm
    page_name = "admin:services_approvaltemplate_page"
    list_display = ("name_and_use", "steps_count", "offered")
    phone_columns = ("steps_count", "offered")
    search_fields = ("name", "about", "code")
    sortable_by = ()
    ordering = ("name", "pk")
    add_label = gettext_lazy("Add a template")
    empty_hint = gettext_lazy("No template is on record. Add one, then its steps.")

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("active", pgettext_lazy("approval templates", "in use")),
            Tab("all", pgettext_lazy("approval templates", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        return rows.filter(is_active=True) if tab == "active" else rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.annotate(number=Count("steps"))  # type: ignore[no-any-return]  # a queryset

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return ("name", "about", "is_active") if obj else ("name", "code", "about")

    def write(
        self, request: HttpRequest, instance: Any, values: Mapping[str, Any], expected: int | None
    ) -> ApprovalTemplate:
        by: Any = request.user
        if instance.pk is None:
            return create_template(by=by, **values)
        return save_template(
            template=instance,
            steps=values_of_steps(instance),
            by=by,
            expected=expected,
            values=values,
        )

    @admin.display(description=gettext_lazy("template and its use"))
    def name_and_use(self, template: ApprovalTemplate) -> SafeString:
        return two_lines(template.name, template.about)

    @admin.display(description=gettext_lazy("steps (count)"))
    def steps_count(self, template: Any) -> str:
        return format_html('<span class="o-number">{}</span>', template.number)

    @admin.display(description=gettext_lazy("offered for new plans"))
    def offered(self, template: ApprovalTemplate) -> SafeString:
        if template.is_active:
            return format_html(
                '<span class="o-badge o-badge--green">{}</span>', _("in use (template)")
            )
        return format_html('<span class="o-badge">{}</span>', _("not offered any more"))


def values_of_steps(template: ApprovalTemplate) -> list[StepValues]:
    """The steps as they stand, in the words of `save_template`."""
    rows = list(
        template.steps.select_related("department")
        .prefetch_related("papers")
        .order_by("order", "pk")
    )
    codes = {step.pk: step.code for step in rows}
    before: dict[int, list[str]] = {step.pk: [] for step in rows}
    for step, on in TemplateDependency.objects.filter(step__template=template).values_list(
        "step_id", "on_id"
    ):
        before[step].append(codes[on])
    return [
        StepValues(
            code=step.code,
            name=step.name,
            department=step.department,
            stage=step.stage,
            working_days=step.working_days,
            published=step.published,
            inferred=step.inferred,
            may_be_deemed=step.may_be_deemed,
            order=step.order,
            depends_on=tuple(before[step.pk]),
            papers=tuple(PaperValues(paper.name, paper.is_main) for paper in step.papers.all()),
        )
        for step in rows
    ]


@dataclass(frozen=True)
class TemplateLine:
    """A step on the template's page and in its drawing."""

    step: TemplateStep
    before: list[TemplateStep]
    row: Row | None
    second: str
    colour: str = ""

    @property
    def name(self) -> str:
        return self.step.name

    @property
    def is_long(self) -> bool:
        return len(self.step.name) > ONE_LINE

    @property
    def url(self) -> str:
        return f"#step-{self.step.pk}"

    @property
    def words(self) -> str:
        days = self.step.working_days
        return ngettext("%(days)d working day", "%(days)d working days", days) % {"days": days}


def template_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The template begun today: which steps run beside each other, how long all of it takes."""
    if not request.user.has_perm("services.view_approvaltemplate"):
        raise PermissionDenied
    template = get_object_or_404(visible(ApprovalTemplate, request.user), pk=pk)
    steps = list(
        template.steps.select_related("department")
        .prefetch_related("papers")
        .order_by("order", "pk")
    )
    by_pk = {step.pk: step for step in steps}
    before: dict[int, list[int]] = {step.pk: [] for step in steps}
    rows = TemplateDependency.objects.filter(step__template=template)
    for step_pk, on in rows.values_list("step_id", "on_id"):
        before[step_pk].append(on)
    today, calendar = timezone.localdate(), current_calendar()
    drawn, last = _drawn(steps, before, today, calendar)
    drawn_rows = {row.code: row for row in drawn.rows}
    lines = [
        TemplateLine(
            step=step,
            before=[by_pk[on] for on in sorted(before[step.pk], key=lambda pk: by_pk[pk].order)],
            row=drawn_rows.get(step.code),
            second=f"{step.department} · {step.get_stage_display()}",
        )
        for step in steps
    ]
    context = {
        "template": template,
        "lines": lines,
        "chart": drawn,
        "days": calendar.workdays_between(today, last) if last else 0,
        "may_edit": request.user.has_perm(MAY_EDIT),
        "calendar": calendar,
    }
    return office_page(request, "services/template_page.html", template.name, context)


def _drawn(
    steps: Sequence[TemplateStep], before: Mapping[int, Sequence[int]], today: Any, calendar: Any
) -> tuple[Chart, Any]:
    codes = {step.pk: step.code for step in steps}
    order = {step.code: [codes[on] for on in before[step.pk]] for step in steps}
    if not steps or circle_in(order):
        return Chart(), None
    spans = planned(calendar, today, order, {step.code: step.working_days for step in steps})
    days = [
        StepDays(step.code, "waiting", step.working_days, None, before=order[step.code])
        for step in steps
    ]
    return chart(days, spans, today, {}), max(span.until_on for span in spans.values())


admin.site.add_page("services/template/<int:pk>/", template_page, "services_approvaltemplate_page")  # type: ignore[attr-defined]  # the office's site
