"""The editor of a template's steps: one step a page, saved with all the others at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Max
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm
from leads.models import MilestoneKind
from services.actions.templates import PaperValues, StepValues, save_template
from services.admin.approval_templates import MAY_EDIT, values_of_steps
from services.admin.step_forms import line_field
from services.admin.step_pages import ServicePage, register
from services.models import ApprovalTemplate, Department, TemplateStep

SPARE_PAPERS = 3
MOST_PAPERS = 40


class PaperForm(forms.Form):
    """A paper; a row without a name is none."""

    name = forms.CharField(
        label=gettext_lazy("Name of the paper"),
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )
    is_main = forms.BooleanField(
        label=gettext_lazy("Main paper: cannot be promised for later"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )


Papers: Any = forms.formset_factory(
    PaperForm, extra=SPARE_PAPERS, max_num=MOST_PAPERS, validate_max=True
)


class TemplateStepForm(ActionForm):
    """One step of a template. `others`: the codes and names that it may wait for."""

    name = line_field(gettext_lazy("Name of the approval"), 80)
    department = forms.ModelChoiceField(
        label=pgettext_lazy("template", "Department"),
        queryset=Department.objects.filter(is_active=True),
        widget=UnfoldAdminSelectWidget(),
        empty_label="—",
    )
    stage = forms.ChoiceField(
        label=gettext_lazy("Milestone that it leads to"),
        choices=MilestoneKind.choices,
        widget=UnfoldAdminSelectWidget(),
    )
    working_days = forms.IntegerField(
        label=gettext_lazy("Limit in working days"),
        min_value=1,
        max_value=365,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
    )
    published = line_field(
        gettext_lazy("Published rule"),
        100,
        required=False,
        help_text=gettext_lazy("Number of the document that gives the limit"),
    )
    inferred = forms.BooleanField(
        label=gettext_lazy("The limit is our inference"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )
    may_be_deemed = forms.BooleanField(
        label=gettext_lazy("May be granted by default"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=gettext_lazy("Off for what no delay may grant, such as a safety acceptance"),
    )
    order = forms.IntegerField(
        label=gettext_lazy("Place in the plan"),
        min_value=0,
        max_value=9999,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
    )
    depends_on = forms.MultipleChoiceField(
        label=gettext_lazy("Begins after"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing ticked: it begins with the plan."),
    )

    def __init__(self, *args: Any, others: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        papers = kwargs.pop("papers", ())
        super().__init__(*args, **kwargs)
        self.fields["depends_on"].choices = others  # type: ignore[attr-defined]  # a MultipleChoiceField
        posted = args[0] if args else None
        self.papers = Papers(posted, initial=papers, prefix="papers")

    def is_valid(self) -> bool:
        return bool(super().is_valid() & self.papers.is_valid())

    def paper_values(self) -> tuple[PaperValues, ...]:
        rows = [row.cleaned_data for row in self.papers if row.cleaned_data.get("name")]
        return tuple(PaperValues(row["name"].strip(), row["is_main"]) for row in rows)

    def step_values(self, code: str) -> StepValues:
        return StepValues(code=code, papers=self.paper_values(), **self.cleaned_data)


class TemplateVerb(ServicePage):
    model = ApprovalTemplate

    def is_allowed(self) -> bool:
        return self.user.has_perm(MAY_EDIT)

    def page_of(self, subject: Any) -> str:
        return reverse("admin:services_approvaltemplate_page", args=[subject.pk])

    @cached_property
    def steps(self) -> list[StepValues]:
        return values_of_steps(self.subject)

    def save(self, steps: Sequence[StepValues]) -> None:
        save_template(template=self.subject, steps=steps, by=self.user, expected=self.expected())


class AddStepPage(TemplateVerb):
    template_name = "services/template_step.html"
    title = gettext_lazy("Add a step to the template")
    submit_label = gettext_lazy("Save the step")
    form_class = TemplateStepForm

    def consequences(self) -> list[str]:
        return [_("Plans that were made before keep their own steps; new plans get this one.")]

    def form_options(self) -> dict[str, Any]:
        last = self.subject.steps.aggregate(last=Max("order"))["last"] or 0
        return {
            "others": [(step.code, step.name) for step in self.steps],
            "initial": {"order": last + 10, "may_be_deemed": True, "inferred": True},
        }

    def act(self, form: Any) -> str:
        added = form.step_values(self._free_code())
        self.save([*self.steps, added])
        return _("Saved: %(record)s") % {"record": added.name}

    def _free_code(self) -> str:
        taken = {step.code for step in self.steps}
        numbers = (f"step-{number}" for number in range(1, len(taken) + 2))
        return next(code for code in numbers if code not in taken)


class OneStepPage(TemplateVerb):
    """A verb over one step, named by its number in the address; a saved step keeps it."""

    code = ""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        rows = TemplateStep.objects.filter(template=kwargs["pk"])
        self.code = get_object_or_404(rows, pk=kwargs.pop("step")).code
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def step(self) -> StepValues:
        found = next((step for step in self.steps if step.code == self.code), None)
        if found is None:
            raise Http404
        return found


class EditStepPage(OneStepPage):
    template_name = "services/template_step.html"
    title = gettext_lazy("Change a step of the template")
    submit_label = gettext_lazy("Save the step")
    form_class = TemplateStepForm

    def consequences(self) -> list[str]:
        return [_("Plans that were made before keep their own steps; new plans get this one.")]

    def form_options(self) -> dict[str, Any]:
        step = self.step
        names = (
            "name",
            "department",
            "stage",
            "working_days",
            "published",
            "inferred",
            "may_be_deemed",
            "order",
            "depends_on",
        )
        return {
            "others": [(other.code, other.name) for other in self.steps if other != step],
            "initial": {name: getattr(step, name) for name in names},
            "papers": [{"name": one.name, "is_main": one.is_main} for one in step.papers],
        }

    def extra_context(self) -> dict[str, Any]:
        return {"code": self.step.code}

    def act(self, form: Any) -> str:
        changed = form.step_values(self.step.code)
        self.save([changed if step.code == self.code else step for step in self.steps])
        return _("Saved: %(record)s") % {"record": changed.name}


class RemoveStepPage(OneStepPage):
    title = gettext_lazy("Take a step out of the template")
    submit_label = gettext_lazy("Take the step out")
    is_danger = True

    def followers(self) -> list[str]:
        return [step.name for step in self.steps if self.code in step.depends_on]

    def consequences(self) -> list[str]:
        return [
            _("“%(step)s” is in no new plan; plans that were made before keep it.")
            % {"step": self.step.name}
        ]

    def refusal(self) -> str:
        names = self.followers()
        if not names:
            return ""
        return _(
            "These steps begin after it; let them begin after another one first: %(steps)s."
        ) % {"steps": _(", ").join(names)}

    def act(self, form: Any) -> str | HttpResponse:
        if self.followers():
            raise RuleViolation("followed", self.refusal())
        name = self.step.name
        self.save([step for step in self.steps if step.code != self.code])
        return _("Taken out: %(step)s") % {"step": name}


register({"add_step": AddStepPage}, "approvaltemplate", "template")
register(
    {"edit_step": EditStepPage, "remove_step": RemoveStepPage},
    "approvaltemplate",
    "template",
    "<int:step>/",
)
