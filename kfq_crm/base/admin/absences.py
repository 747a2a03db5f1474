"""Who is away, and who stands in: everybody sees it, each enters the own days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from kfq_crm.base import absences
from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin.access_log import PARTICULARS, SUBJECTS
from kfq_crm.base.admin.staff import StaffField
from kfq_crm.base.changelist import Tab
from kfq_crm.base.forms import JudgedForm, LedgerDateField
from kfq_crm.base.models import Absence, User
from kfq_crm.base.own_page import ONE_BUTTON
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import day

SUBJECTS["absence.entered"] = gettext_lazy("absence entered")
SUBJECTS["absence.removed"] = gettext_lazy("absence taken back")
PARTICULARS["first_day"] = gettext_lazy("first day away")
PARTICULARS["last_day"] = gettext_lazy("last day away")
PARTICULARS["deputy"] = pgettext_lazy("absence", "deputy")


class AbsenceForm(JudgedForm):
    """The person may be chosen by who keeps absences of others; everybody else is the person."""

    user = StaffField(
        label=gettext_lazy("person who is away"),
        error_messages={
            "invalid_choice": gettext_lazy("You may not enter absences of this person.")
        },
    )
    first_day = LedgerDateField(label=gettext_lazy("first day away"))
    last_day = LedgerDateField(label=gettext_lazy("last day away"))
    deputy = StaffField(
        label=pgettext_lazy("absence", "deputy"),
        required=False,
        help_text=gettext_lazy(
            "Gets what is due in these days. Without one, it goes up to the next level at once."
        ),
    )

    class Meta:
        model = Absence
        fields = ("user", "first_day", "last_day", "deputy")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "user" not in self.fields:
            return
        if keeps_others(self.user):  # type: ignore[attr-defined]  # set by the admin
            self.fields["user"].queryset = absences.kept_by(self.user)  # type: ignore[attr-defined]  # as above
        else:
            del self.fields["user"]


@admin.register(Absence)
class AbsenceAdmin(ScopedModelAdmin):
    form = AbsenceForm
    list_display = ("person", "days", "stands_in", "state")
    list_select_related = ("user", "deputy")
    phone_columns = ("days", "stands_in", "state")
    search_fields = ("user__username", "user__display_name")
    ordering = ("first_day", "pk")
    add_label = gettext_lazy("Enter days away")
    empty_hint = gettext_lazy("Nobody is away, and nobody has announced to be.")

    # Staff know of each other who is away; what one may enter, the form and the action judge.
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and may_keep(request.user, obj)

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("now", pgettext_lazy("absences", "now and to come")),
            Tab("own", pgettext_lazy("absences", "my own")),
            Tab("all", pgettext_lazy("absences", "all, with past ones"), ordering=("-first_day",)),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab == "own":
            return rows.filter(user=request.user)
        return rows if tab == "all" else rows.filter(last_day__gte=timezone.localdate())

    @admin.display(description=gettext_lazy("person who is away"), ordering="user__username")
    def person(self, row: Absence) -> str:
        return str(row.user)

    @admin.display(description=gettext_lazy("days away"), ordering="first_day")
    def days(self, row: Absence) -> str:
        if row.first_day == row.last_day:
            return day(row.first_day)
        return _("%(first)s to %(last)s") % {
            "first": day(row.first_day),
            "last": day(row.last_day),
        }

    @admin.display(description=pgettext_lazy("absence", "deputy"))
    def stands_in(self, row: Absence) -> str:
        if row.deputy is None:
            return _("nobody: goes up to the next level")
        if not row.deputy.is_active:
            return _("%(person)s (account disabled)") % {"person": row.deputy}
        return str(row.deputy)

    @admin.display(description=gettext_lazy("state of the absence"))
    def state(self, row: Absence) -> str:
        today = timezone.localdate()
        if row.last_day < today:
            return _badge("grey", pgettext("absence", "over"))
        if row.first_day > today:
            return _badge("accent", pgettext("absence", "to come"))
        return _badge("amber", pgettext("absence", "away now"))

    # --- The form --------------------------------------------------------------------------

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        span = ("first_day", "last_day", "deputy")
        return ("user", *span) if obj or keeps_others(request.user) else span

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return ("user",) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": request.user.pk}

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, {**ONE_BUTTON, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        remove = reverse("admin:base_absence_remove", args=[row.pk]) if row else ""
        may = row is not None and self.has_change_permission(request, row)
        extra = {**ONE_BUTTON, "remove_page": remove if may else "", **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra)

    change_form_after_template = "base/absence_after.html"

    def write(
        self,
        request: HttpRequest,
        instance: Absence,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> Absence:
        person = instance.user if instance.pk else values.get("user", request.user)
        return absences.enter_absence(
            user=person,
            first_day=values["first_day"],
            last_day=values["last_day"],
            deputy=values["deputy"],
            by=request.user,  # type: ignore[arg-type]  # signed in
            absence=instance if instance.pk else None,
            expected=expected,
            address=client_address(request),
        )

    def get_urls(self) -> list[URLPattern]:
        remove = self.admin_site.admin_view(Remove.as_view())
        return [path("<int:pk>/remove/", remove, name="base_absence_remove"), *super().get_urls()]


def may_keep(user: Any, row: Absence) -> bool:
    return absences.kept_by(user).filter(pk=row.user_id).exists()


def keeps_others(user: Any) -> bool:
    return absences.kept_by(user).exclude(pk=user.pk).exists()


def _badge(colour: str, word: str) -> str:
    return format_html('<span class="o-badge o-badge--{}">{}</span>', colour, word)


class Remove(ActionPage):
    """Take the days back; those that are over stay on record."""

    model = Absence
    related = ("user",)
    title = gettext_lazy("Take back an absence")
    submit_label = gettext_lazy("Take it back")
    is_danger = True

    def is_allowed(self) -> bool:
        return may_keep(self.user, self.subject)

    def page_of(self, subject: Any) -> str:
        return reverse("admin:base_absence_changelist")

    def refusal(self) -> str:
        over = self.subject.last_day < timezone.localdate()
        return _("These days are over and stay on record.") if over else ""

    def consequences(self) -> list[str]:
        told = [_("What is due goes to %(person)s again.") % {"person": self.subject.user}]
        if self.subject.first_day < timezone.localdate():
            told.append(_("The days up to yesterday stay on record."))
        return told

    def act(self, form: Any) -> str:
        absences.remove_absence(
            absence=self.subject, expected=self.expected(), by=self.user, address=self.address
        )
        return _("The absence is taken back.")


def absence_today(user: User) -> Absence | None:
    """What the own page says about today."""
    rows = Absence.objects.on(timezone.localdate()).filter(user=user)
    return rows.select_related("deputy").first()
