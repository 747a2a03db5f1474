"""The verbs of a promise, each a small page: measured, judged, amended, put right."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from kfq_crm.base.scoped_admin import visible
from leads.actions.commitments import amend_commitment, record_measure, withdraw_measure
from leads.actions.rectifications import judge_with_rectification, order_rectification
from leads.admin.action_page import ActionPage, register
from leads.admin.promise_forms import (
    TASK_FIELDS,
    AmendForm,
    MeasureForm,
    RectificationForm,
    VerdictForm,
    WithdrawMeasureForm,
)
from leads.models import Commitment, CommitmentMeasure, Lead, LookBack
from leads.promises import FINAL, promises_of


def page_of(promise: Commitment) -> str:
    return reverse("admin:leads_commitment_page", args=[promise.pk])


class PromisePage(ActionPage):
    """A verb over a promise."""

    model = Commitment
    related = ("contract__lead", "contract__lead__enterprise")
    template_name = "leads/promise/form.html"

    def lead_of(self, subject: Any) -> Lead:
        return subject.contract.lead  # type: ignore[no-any-return]  # a Commitment's

    def page_of(self, subject: Any) -> str:
        return page_of(subject)

    @cached_property
    def form_promise(self) -> Commitment:
        return self.subject  # type: ignore[no-any-return]  # the promise itself, unless a subclass says otherwise

    def extra_context(self) -> dict[str, Any]:
        return {**super().extra_context(), "promise": self.form_promise}


class AmendPage(PromisePage):
    title = gettext_lazy("Amend a promise")
    submit_label = gettext_lazy("Save the amendment")
    form_class = AmendForm

    def form_options(self) -> dict[str, Any]:
        names = ("metric", "promised", "unit", "due_on", "clause", "starts_on")
        return {"initial": {name: getattr(self.subject, name) for name in names}}

    def consequences(self) -> list[str]:
        said = [_("Only for what both sides agreed in writing. The words before stay on record.")]
        if self.subject.verdict:
            said.append(
                _("The promise then stands open again; its verdicts stay on record. Only the team "
                  "head or the coordination office may do this.")
            )  # fmt: skip
        return said

    def act(self, form: Any) -> str:
        values = dict(form.cleaned_data)
        reason = values.pop("amend_reason")
        amend_commitment(
            commitment=self.subject,
            values=values,
            reason=reason,
            by=self.user,
            expected=self.expected(),
        )
        return _("The amendment is on record.")


class MeasurePage(PromisePage):
    title = gettext_lazy("Note a measured value")
    submit_label = gettext_lazy("Put on record")
    form_class = MeasureForm
    takes_files = True

    def refusal(self) -> str:
        if self.subject.promised is None:
            return _("No amount is promised, so there is nothing to measure; judge it instead.")
        return _("This promise has been settled.") if self.subject.verdict in FINAL else ""

    def act(self, form: Any) -> str:
        values = dict(form.cleaned_data)
        uploads = values.pop("file")
        record_measure(commitment=self.subject, values=values, by=self.user, uploads=uploads)
        return _("The value is on record.")


class WithdrawMeasurePage(PromisePage):
    """The subject is the value; its promise is what the page returns to."""

    model = CommitmentMeasure
    related = ("commitment__contract__lead", "commitment__contract__lead__enterprise")
    title = gettext_lazy("Withdraw a measured value")
    submit_label = gettext_lazy("Withdraw the value")
    form_class = WithdrawMeasureForm
    is_danger = True

    def lead_of(self, subject: Any) -> Lead:
        return subject.commitment.contract.lead  # type: ignore[no-any-return]  # a CommitmentMeasure's

    def page_of(self, subject: Any) -> str:
        return page_of(subject.commitment)

    @cached_property
    def form_promise(self) -> Commitment:
        return self.subject.commitment  # type: ignore[no-any-return]  # as above

    def is_allowed(self) -> bool:
        mine = self.subject.recorded_by_id == self.user.pk
        return self.rights.move or (mine and self.rights.work)

    def refusal(self) -> str:
        return _("This value has been withdrawn already.") if self.subject.withdrawn_at else ""

    def consequences(self) -> list[str]:
        return [_("It stays readable and counts no more; the value before it stands again.")]

    def act(self, form: Any) -> str:
        withdraw_measure(measure=self.subject, by=self.user, **form.cleaned_data)
        return _("The value is withdrawn.")


class JudgePage(PromisePage):
    """A verdict; inside a look-back it leads on to the next promise of it."""

    title = gettext_lazy("Judge a promise")
    submit_label = gettext_lazy("Record the verdict")
    form_class = VerdictForm
    template_name = "leads/promise/judge.html"
    takes_files = True

    @cached_property
    def look_back(self) -> LookBack | None:
        """The look-back that the address names, if it goes through this promise."""
        asked = self.request.GET.get("look_back", "")
        if not asked:
            return None
        rows = visible(LookBack, self.user).select_related("contract")
        found = rows.filter(pk=int(asked)).first() if asked.isdecimal() else None
        if not found or not promises_of(found.contract).filter(pk=self.subject.pk).exists():
            raise Http404
        return found  # type: ignore[no-any-return]  # a LookBack

    def page_of(self, subject: Any) -> str:
        if not self.look_back:
            return super().page_of(subject)
        page = reverse("admin:leads_lookback_page", args=[self.look_back.pk])
        return f"{page}#promise-{subject.pk}"

    def form_options(self) -> dict[str, Any]:
        promise = self.subject
        return {"promise": promise, "initial": {"actual": promise.measured}}

    def refusal(self) -> str:
        if self.look_back and self.look_back.is_held:
            return _("This look-back has been concluded.")
        return ""

    def consequences(self) -> list[str]:
        said = [_("The verdict is recorded with your name and today. It is never changed: a later "
                  "one is recorded beside it.")]  # fmt: skip
        if not self.rights.reassign:
            said.append(_("Only the team head or the coordination office releases from a promise."))
        return said

    def act(self, form: Any) -> HttpResponse:
        values = dict(form.cleaned_data)
        uploads = values.pop("file")
        task = {name: values.pop(name) for name in TASK_FIELDS}
        found = judge_with_rectification(
            commitment=self.subject,
            values=values,
            task=task,
            by=self.user,
            look_back=self.look_back,
            uploads=uploads,
            expected=self.expected(),
        )
        said = _("“%(promise)s”: %(verdict)s.") % {"promise": self.subject, "verdict": found}
        messages.success(self.request, said)
        return HttpResponseRedirect(self.page_of(self.subject))


class RectifyPage(PromisePage):
    title = gettext_lazy("Order a rectification")
    submit_label = gettext_lazy("Order it")
    form_class = RectificationForm

    def form_options(self) -> dict[str, Any]:
        return {"chain": self.subject.contract.lead.chain_id}

    def refusal(self) -> str:
        if self.subject.verdict in FINAL:
            return _("This promise has been settled; nothing is to be done.")
        return ""

    def consequences(self) -> list[str]:
        return [
            _("One person has it, by one day. That person is reminded; overdue, the team head, the "
              "lead unit and the chain leader are told in turn.")
        ]  # fmt: skip

    def act(self, form: Any) -> str:
        order_rectification(
            commitment=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return pgettext("rectification", "The task is given.")


register(
    {
        "amend": AmendPage,
        "measure": MeasurePage,
        "judge": JudgePage,
        "rectify": RectifyPage,
    },
    "commitment",
)
register({"withdraw": WithdrawMeasurePage}, "commitmentmeasure")
