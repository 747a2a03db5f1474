"""Departments with their heads and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.admin.staff import StaffField, StaffSelect, staff_label
from kfq_crm.base.changelist import Tab
from kfq_crm.base.forms import JudgedForm
from kfq_crm.base.models import User
from kfq_crm.base.own_page import ONE_BUTTON
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from services.actions.departments import save_department
from services.models import Department

WORKS = "services.change_approvalstep"


class StaffPicks(StaffSelect):
    """Several colleagues, each found by typing."""

    allow_multiple_selected = True

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> list[Any]:
        groups = super().optgroups(name, value, attrs)
        return [
            (label, [o for o in options if o["value"] != ""], n) for label, options, n in groups
        ]


class StaffPicksField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # generic for the stubs only
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=User.staff.filter(is_active=True), widget=StaffPicks, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return staff_label(obj)


class DepartmentForm(JudgedForm):
    head = StaffField(label=gettext_lazy("head of the department"), required=False)
    members = StaffPicksField(
        label=gettext_lazy("people of the department"),
        required=False,
        help_text=gettext_lazy("They see and decide the steps and questions of the department."),
    )


@admin.register(Department)
class DepartmentAdmin(ScopedModelAdmin):
    """Known to all staff; the coordination office enters and changes them."""

    form = DepartmentForm
    fields = ("name", "code", "duties", "head", "members", "order", "is_active")
    list_display = ("name", "headed_by", "people", "duties", "works")
    phone_columns = ("headed_by", "people", "works")
    list_select_related = ("head",)
    search_fields = ("name", "code", "duties", "head__display_name")
    search_help_text = gettext_lazy("Name, duties, head of the department")
    ordering = ("order", "pk")
    sortable_by = ()
    warn_unsaved_form = True
    add_label = gettext_lazy("Add a department")
    empty_hint = gettext_lazy("No department is on record. Add those that decide on approvals.")

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("active", pgettext_lazy("departments", "at work")),
            Tab("all", pgettext_lazy("departments", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        return rows.filter(is_active=True) if tab == "active" else rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.annotate(number=Count("members"))  # type: ignore[no-any-return]  # a queryset

    def write(
        self, request: HttpRequest, instance: Any, values: Mapping[str, Any], expected: int | None
    ) -> Department:
        return save_department(
            department=instance,
            values=values,
            by=request.user,  # type: ignore[arg-type]  # signed in here
            expected=expected,
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        idle = [str(person) for person in without_rights(obj)]
        if idle:
            told = _(
                "Not yet able to decide anything: %(people)s. The administrator gives them the role"
                " of department officials."
            )
            messages.warning(request, told % {"people": _(", ").join(idle)})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: Any = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        extra = {**ONE_BUTTON, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, extra)

    @admin.display(description=gettext_lazy("head of the department"))
    def headed_by(self, department: Department) -> str:
        return str(department.head) if department.head else "—"

    @admin.display(description=gettext_lazy("people (count)"))
    def people(self, department: Any) -> str:
        return format_html('<span class="o-number">{}</span>', department.number)

    @admin.display(description=pgettext_lazy("department", "takes work"))
    def works(self, department: Department) -> str:
        if department.is_active:
            return format_html(
                '<span class="o-badge o-badge--green">{}</span>', _("at work (mark)")
            )
        return format_html('<span class="o-badge">{}</span>', _("takes no work any more"))


def without_rights(department: Department) -> list[User]:
    """Its head and people who may not work on steps, whatever department they belong to."""
    people = {person.pk: person for person in department.members.all()}
    if department.head:
        people[department.head.pk] = department.head
    return [person for person in people.values() if not person.has_perm(WORKS)]
