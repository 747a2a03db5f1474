"""More time for a question: asked for by who handles it, decided by the department's head."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget

from kfq_crm.base.forms import ActionForm, LedgerDateField
from leads.admin.lead_actions import long_field
from services.actions.extensions import ask_extension, decide_extension
from services.admin.question_verbs import QuestionPage, register
from services.admin.questions import page_of
from services.models import Extension, Question
from services.question_rights import decider_of


class AskExtensionForm(ActionForm):
    until = LedgerDateField(label=gettext_lazy("To be solved by"))
    reason = long_field(gettext_lazy("Why more time is needed"), max_length=200)


class AskExtensionPage(QuestionPage):
    title = gettext_lazy("Ask for more time")
    submit_label = gettext_lazy("Ask the head")
    keeps_words = True
    form_class = AskExtensionForm

    def refusal(self) -> str:
        if self.question.extensions.filter(decided_at=None).exists():
            return _("A request for more time is not decided yet.")
        if timezone.localdate() > self.question.solve_by:
            return _("The limit has passed. More time is asked for before it.")
        return ""

    def consequences(self) -> list[str]:
        days = {
            "now": date_format(self.question.solve_by, "DATE_FORMAT"),
            "last": date_format(self.question.at_most_by, "DATE_FORMAT"),
        }
        return [
            _("The limit is %(now)s now; %(last)s is the last possible day.") % days,
            _("Until the head has decided, the limit stays as it is."),
        ]

    def act(self, form: Any) -> str:
        extension = ask_extension(
            question=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        person = decider_of(extension)
        if person is None:
            return _("The request is on record, but nobody may decide it: tell the service staff.")
        return _("The request waits for %(person)s.") % {"person": person}


class DecideExtensionForm(ActionForm):
    granted = forms.TypedChoiceField(
        label=gettext_lazy("Decision"),
        choices=[
            ("yes", pgettext_lazy("extension", "grant it")),
            ("no", pgettext_lazy("extension", "refuse it")),
        ],
        coerce=lambda value: value == "yes",
        widget=UnfoldAdminRadioSelectWidget(),
    )
    reason = long_field(
        gettext_lazy("Reason of the decision"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Needed for a refusal"),
    )


class DecideExtensionPage(QuestionPage):
    model = Extension
    related = ("question__enterprise", "question__department__head", "asked_by")
    title = gettext_lazy("Decide on more time")
    submit_label = gettext_lazy("Confirm the decision")
    form_class = DecideExtensionForm

    @property
    def question(self) -> Question:
        return self.subject.question  # type: ignore[no-any-return]  # an Extension's

    def is_allowed(self) -> bool:
        return self.rights.may_decide(self.user, self.subject)

    def page_of(self, subject: Any) -> str:
        return page_of(subject.question)

    def refusal(self) -> str:
        return _("This request has been decided already.") if self.subject.decided_at else ""

    def consequences(self) -> list[str]:
        said = {
            "person": self.subject.asked_by,
            "until": date_format(self.subject.until, "DATE_FORMAT"),
            "before": date_format(self.subject.before, "DATE_FORMAT"),
            "reason": self.subject.reason,
        }
        return [
            _("%(person)s asks for time until %(until)s instead of %(before)s: %(reason)s") % said
        ]

    def act(self, form: Any) -> str:
        decided = decide_extension(extension=self.subject, by=self.user, **form.cleaned_data)
        return _("More time is granted.") if decided.granted else _("The request is refused.")


register({"ask_extension": AskExtensionPage})
admin.site.add_page(
    "services/extension/<int:pk>/decide/",
    DecideExtensionPage.as_view(),
    "services_question_decide_extension",
)
