"""Who is told, how many working days before or after the due day: changed as one dated set."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, F, QuerySet, Subquery, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin.rules import RuleAdmin, Withdraw
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm, LedgerDateField, add_violation
from kfq_crm.base.pages import office_page
from leads.actions.escalation import check_escalation, set_escalation, withdraw_escalation
from leads.admin.rule_preview import CONFIRMED, FURTHER, look_again, preview_page
from leads.models import EscalationStep, Role, Via
from leads.reminders.engine import steps_on
from leads.reminders.forecast import forecast
from leads.templatetags.leads import step as when

EARLIEST, LATEST = -5, 20
SPARE_ROWS = 3


class StepForm(forms.Form):
    """One step; a row without a day is no step."""

    offset = forms.TypedChoiceField(
        label=gettext_lazy("When"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Who is told"), choices=Role.choices, widget=UnfoldAdminSelectWidget()
    )
    via = forms.ChoiceField(
        label=gettext_lazy("By what means"), choices=Via.choices, widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = range(EARLIEST, LATEST + 1)
        choices = [("", _("— no step —")), *((day, when(day)) for day in days)]
        self.fields["offset"].choices = choices  # type: ignore[attr-defined]  # a TypedChoiceField


Steps: Any = forms.formset_factory(StepForm, extra=SPARE_ROWS, max_num=30, validate_max=True)


class SetForm(ActionForm):
    """Since when the set holds, and what it rests on."""

    valid_from = LedgerDateField(
        label=gettext_lazy("valid from"), help_text=gettext_lazy("Today or a later day")
    )
    published = forms.CharField(
        label=gettext_lazy("published rule"),
        max_length=100,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("Number of the document"),
    )
    inferred = forms.BooleanField(
        label=gettext_lazy("our inference"), required=False, widget=UnfoldBooleanWidget()
    )


class WithdrawSet(Withdraw):
    """A set that does not hold yet is taken back as a whole."""

    model = EscalationStep

    def consequences(self) -> list[str]:
        return [
            _("All steps that begin on that day are withdrawn together."),
            *super().consequences(),
        ]

    def act(self, form: Any) -> str:
        withdraw_escalation(valid_from=self.subject.valid_from, by=self.user, address=self.address)
        return _("The steps are withdrawn.")


@admin.register(EscalationStep)
class EscalationStepAdmin(RuleAdmin):
    figures = ("offset", "role", "via")
    list_display = ("moment", "role", "via", "since", "state", "basis")
    phone_columns = ("role", "since", "state")
    ordering = ("-valid_from", "offset", "role")
    add_label = gettext_lazy("Change the steps")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Steps of the newest day that has come hold together."""
        today = timezone.localdate()
        begun = EscalationStep.objects.filter(valid_from__lte=today)
        newest = begun.order_by("-valid_from").values("valid_from")[:1]
        holds = When(valid_from=Subquery(newest), then=F("pk"))
        return super().get_queryset(request).annotate(current=Case(holds))

    @admin.display(description=pgettext_lazy("escalation", "when"), ordering="offset")
    def moment(self, step: EscalationStep) -> str:
        return when(step.offset)

    def withdraw_page(self) -> type[Withdraw]:
        return WithdrawSet

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The whole set at once, as it holds now, to be changed from a day on."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._send(request)
        today = timezone.localdate()
        tomorrow = current_calendar().add_workdays(today, 1)
        rows = [
            {"offset": step.offset, "role": step.role, "via": step.via}
            for step in sorted(steps_on(today), key=lambda step: (step.offset, step.role))
        ]
        form = SetForm(initial={"valid_from": tomorrow, "inferred": True})
        return self._form(request, form, Steps(initial=rows, prefix="steps"))

    def _send(self, request: Any) -> HttpResponse:
        form = SetForm(request.POST)
        rows = Steps(request.POST, prefix="steps")
        if not (form.is_valid() & rows.is_valid()):
            return self._form(request, form, rows)
        steps = [
            EscalationStep(**row.cleaned_data, **form.cleaned_data)
            for row in rows
            if row.cleaned_data.get("offset") is not None
        ]
        try:
            return self._judge(request, form, rows, steps)
        except RuleViolation as violation:
            add_violation(form, violation)
            return self._form(request, form, rows)

    def _judge(self, request: Any, form: Any, rows: Any, steps: list[Any]) -> HttpResponse:
        if CONFIRMED in request.POST:
            set_escalation(steps=steps, by=request.user, address=client_address(request))
            messages.success(request, _("The steps are entered."))
            return HttpResponseRedirect(reverse("admin:leads_escalationstep_changelist"))
        if FURTHER in request.POST:
            raise look_again()
        check_escalation(steps=steps, by=request.user)
        ordered = sorted(steps, key=lambda step: step.offset)
        facts = [
            (when(step.offset), f"{step.get_role_display()} · {step.get_via_display()}")
            for step in ordered
        ]
        return preview_page(request, facts, steps[0], forecast(steps=steps))

    def _form(self, request: HttpRequest, form: SetForm, rows: Any) -> HttpResponse:
        context = {
            "form": form,
            "rows": rows,
            "media": form.media + rows.media,
            "back": reverse("admin:leads_escalationstep_changelist"),
        }
        return office_page(
            request, "leads/rules/escalation.html", _("Change the escalation steps"), context
        )
