"""The verbs of a question, each a small page: it names what will happen and asks for the words."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q
from django.http import HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from kfq_crm.base import action_page
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm
from kfq_crm.base.models import User
from leads.admin.followup_form import FilesField, PersonField
from leads.admin.lead_actions import long_field, text_field
from leads.permissions import NotAllowed
from services.actions.handling import (
    correct_question,
    decline_question,
    hand_over_question,
    note_on_question,
    verify_question,
)
from services.actions.question_files import attach_to_question
from services.admin.questions import page_of
from services.models import (
    Department,
    Question,
    QuestionCategory,
)
from services.question_rights import Rights, correctable, rights_over

LONGEST = 2000


def department_field(**options: Any) -> forms.ModelChoiceField[Department]:
    return forms.ModelChoiceField(
        label=gettext_lazy("Responsible department"),
        queryset=Department.objects.filter(is_active=True),
        widget=UnfoldAdminSelectWidget(),
        empty_label="—",
        **options,
    )


def category_field(**options: Any) -> forms.ModelChoiceField[QuestionCategory]:
    return forms.ModelChoiceField(
        label=gettext_lazy("Category"),
        queryset=QuestionCategory.objects.filter(is_active=True),
        widget=UnfoldAdminSelectWidget(),
        empty_label="—",
        **options,
    )


class PeopleOfDepartmentsField(PersonField):
    """Members and heads of departments; the action judges whether they fit."""

    def __init__(self, **kwargs: Any) -> None:
        of_some = Q(departments__isnull=False) | Q(headed_departments__isnull=False)
        people = User.staff.filter(of_some, is_active=True).distinct()
        named = people.order_by("display_name")
        super().__init__(
            queryset=named.prefetch_related("departments", "headed_departments"), **kwargs
        )

    def label_from_instance(self, person: Any) -> str:
        found = {*person.departments.all(), *person.headed_departments.all()}
        names = _(", ").join(str(d) for d in sorted(found, key=lambda d: (d.order, d.pk)))
        return f"{person} · {names}" if names else str(person)


class QuestionPage(action_page.ActionPage):
    """A verb over a question. What a person may not do is 403; a state that forbids it says so."""

    model: ClassVar[type[Model]] = Question
    related = ("enterprise", "category", "department__head", "handler")
    template_name = "services/question/action.html"

    @cached_property
    def rights(self) -> Rights:
        return rights_over(self.user, self.question)

    @property
    def question(self) -> Question:
        return self.subject  # type: ignore[no-any-return]  # a Question, unless a subclass says otherwise

    def is_allowed(self) -> bool:
        return self.rights.work

    def page_of(self, subject: Any) -> str:
        return page_of(subject)

    def refuse(self, form: Any, violation: RuleViolation) -> HttpResponse:
        if isinstance(violation, NotAllowed):
            raise PermissionDenied from violation
        return super().refuse(form, violation)

    def extra_context(self) -> dict[str, Any]:
        return {"question": self.question}

    @property
    def is_written_to(self) -> str:
        """Whether the enterprise gets a mail, in words."""
        if self.question.contact_email:
            return _("The enterprise is written to at once: %(address)s") % {
                "address": self.question.contact_email
            }
        return _("No e-mail address is on record: tell the enterprise by telephone.")


class ConcernedPage(QuestionPage):
    """For whoever has to do with it: the one who took it in as well."""

    def is_allowed(self) -> bool:
        taken_in = self.question.taken_in_by_id == self.user.pk
        return self.rights.work or self.rights.verify or taken_in


# --- Verify, assign, hand over ----------------------------------------------------------------


class VerifyForm(ActionForm):
    category = category_field()
    department = department_field()
    handler = PeopleOfDepartmentsField(
        label=gettext_lazy("Person who handles it"),
        required=False,
        help_text=gettext_lazy("Empty: the department names somebody itself"),
    )
    note = long_field(gettext_lazy("What the call with the enterprise brought"), required=False)


class VerifyPage(QuestionPage):
    title = gettext_lazy("Verify and assign a question")
    submit_label = gettext_lazy("Verified, assign")
    form_class = VerifyForm

    def is_allowed(self) -> bool:
        return self.rights.verify

    def form_options(self) -> dict[str, Any]:
        category = self.question.category
        return {"initial": {"category": category, "department": category.department_id}}

    def consequences(self) -> list[str]:
        return [
            _("The department sees the question from now on and owes an answer by %(day)s.")
            % {"day": date_format(self.question.answer_by, "DATE_FORMAT")}
        ]

    def act(self, form: Any) -> str:
        question = verify_question(
            question=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Assigned to %(department)s.") % {"department": question.department}


class DeclineForm(ActionForm):
    reason = long_field(gettext_lazy("Reason for the enterprise"), max_length=500)


class DeclinePage(QuestionPage):
    title = gettext_lazy("Do not take a question up")
    submit_label = gettext_lazy("Close without taking it up")
    form_class = DeclineForm
    is_danger = True
    keeps_words = True

    def is_allowed(self) -> bool:
        return self.rights.verify

    def consequences(self) -> list[str]:
        return [
            _("The question is closed for good; the reason stays on record."),
            self.is_written_to,
        ]

    def act(self, form: Any) -> str:
        decline_question(
            question=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The question is closed; it was not taken up.")


class HandOverForm(ActionForm):
    department = department_field()
    handler = PeopleOfDepartmentsField(label=gettext_lazy("Person who handles it"), required=False)
    reason = long_field(gettext_lazy("Reason given"), max_length=200)


class HandOverPage(QuestionPage):
    title = gettext_lazy("Hand a question over")
    submit_label = gettext_lazy("Hand over")
    form_class = HandOverForm

    def form_options(self) -> dict[str, Any]:
        now = {"department": self.question.department_id, "handler": self.question.handler_id}
        return {"initial": now}

    def refusal(self) -> str:
        return "" if self.question.is_open else _("The question is no longer open.")

    def consequences(self) -> list[str]:
        return [
            _("The limits go on running; nobody gets more time by handing over."),
            _("The department that had it goes on seeing it."),
        ]

    def act(self, form: Any) -> str:
        question = hand_over_question(
            question=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Now with %(department)s.") % {"department": question.department}


# --- Notes, files, corrections, knowledge ------------------------------------------------------


class NoteForm(ActionForm):
    text = long_field(gettext_lazy("Note"), max_length=1000)


class NotePage(ConcernedPage):
    title = gettext_lazy("Note for colleagues")
    submit_label = gettext_lazy("Save the note")
    form_class = NoteForm

    def consequences(self) -> list[str]:
        return [_("Colleagues who see the question read it, the enterprise does not.")]

    def act(self, form: Any) -> str:
        note_on_question(question=self.subject, by=self.user, **form.cleaned_data)
        return _("The note is on record.")


class AttachForm(ActionForm):
    file = FilesField(label=gettext_lazy("Photos and files"))


class AttachPage(ConcernedPage):
    title = gettext_lazy("Attach photos or files")
    submit_label = gettext_lazy("Attach")
    form_class = AttachForm
    takes_files = True

    def act(self, form: Any) -> str:
        attach_to_question(question=self.subject, uploads=form.cleaned_data["file"], by=self.user)
        return _("The files are attached.")


class CorrectForm(ActionForm):
    title = text_field(gettext_lazy("Question in a line"), max_length=80)
    text = long_field(gettext_lazy("What is asked"), rows=6, max_length=LONGEST)
    category = category_field()
    place = text_field(gettext_lazy("Place that it is about"), max_length=100, required=False)
    contact_name = text_field(gettext_lazy("Contact person"), max_length=60, required=False)
    contact_phone = text_field(gettext_lazy("Telephone"), max_length=60, required=False)
    contact_email = text_field(gettext_lazy("E-mail"), max_length=254, required=False)
    confidential = forms.BooleanField(
        label=gettext_lazy("Confidential: only those who have to do with it see it"), required=False
    )

    def __init__(
        self, *args: Any, question: Question, fields: frozenset[str], **kwargs: Any
    ) -> None:
        initial = {name: getattr(question, name) for name in self.base_fields}
        super().__init__(*args, initial=initial, **kwargs)
        for name in self.base_fields.keys() - fields:
            del self.fields[name]


class CorrectPage(QuestionPage):
    title = gettext_lazy("Correct the data of a question")
    submit_label = gettext_lazy("Save the correction")
    form_class = CorrectForm

    @cached_property
    def fields(self) -> frozenset[str]:
        return correctable(self.user, self.question)

    def is_allowed(self) -> bool:
        return bool(self.fields)

    def form_options(self) -> dict[str, Any]:
        reads = self.user.pk in {self.question.handler_id, self.question.taken_in_by_id}
        if reads or not self.question.contact_phone:
            return {"question": self.question, "fields": self.fields}
        # Nobody changes what he or she cannot read
        return {"question": self.question, "fields": self.fields - {"contact_phone"}}

    def refusal(self) -> str:
        return _("The question is closed.") if self.question.state == "closed" else ""

    def act(self, form: Any) -> str:
        correct_question(
            question=self.subject,
            values=form.cleaned_data,
            by=self.user,
            expected=self.expected(),
        )
        return _("The correction is saved.")


def register(pages: dict[str, type[action_page.ActionPage]]) -> None:
    """Put verbs under the question's address: `admin:services_question_<verb>`."""
    for verb, page in pages.items():
        route = f"services/question/<int:pk>/{verb.replace('_', '-')}/"
        admin.site.add_page(route, page.as_view(), f"services_question_{verb}")


register(
    {
        "verify": VerifyPage,
        "decline": DeclinePage,
        "hand_over": HandOverPage,
        "note": NotePage,
        "attach": AttachPage,
        "correct": CorrectPage,
    }
)
