"""接单: a question taken in within half a minute, also on a phone.

First the enterprise (the own ones are offered, others are searched), then the form.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminSelectWidget

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm, add_violation
from kfq_crm.base.pages import office_page
from leads.admin.followup_form import FilesField, FormNumberField, draw_again
from leads.admin.lead_actions import long_field, text_field
from leads.models import Enterprise
from leads.permissions import NotAllowed
from services.actions.intake import AskedBefore, says_the_same, take_in_question
from services.admin.questions import page_of
from services.models import Question, QuestionCategory, served_enterprises
from services.question_queries import find_enterprises, own_enterprises

NOT_VALUES = {"file", "sent_as"}


class QuestionForm(ActionForm):
    """What is asked, about what, by whom; the rest folds away."""

    title = text_field(
        gettext_lazy("Question in a line"),
        max_length=80,
        help_text=gettext_lazy("As one would say it on the telephone"),
    )
    text = long_field(gettext_lazy("What is asked"), rows=5, max_length=2000)
    category = forms.ModelChoiceField(
        label=gettext_lazy("Category"),
        queryset=QuestionCategory.objects.filter(is_active=True),
        widget=UnfoldAdminSelectWidget(),
        empty_label="—",
    )
    place = text_field(
        gettext_lazy("Place that it is about"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Park, street, workshop"),
    )
    contact_name = text_field(gettext_lazy("Contact person"), max_length=60, required=False)
    contact_phone = text_field(gettext_lazy("Telephone"), max_length=60, required=False)
    contact_email = text_field(
        gettext_lazy("E-mail"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("Feedback and rating go there; without it you call"),
    )
    confidential = forms.BooleanField(
        label=gettext_lazy("Confidential: only those who have to do with it see it"), required=False
    )
    file = FilesField(label=gettext_lazy("Photos and files"), required=False)
    sent_as = FormNumberField()

    def values(self) -> dict[str, Any]:
        """Cleaned values as the actions take them."""
        return {name: v for name, v in self.cleaned_data.items() if name not in NOT_VALUES}


@require_http_methods(["GET", "HEAD", "POST"])
def take_in(request: HttpRequest) -> HttpResponse:
    """Choose the enterprise, then say what it asks."""
    user: Any = request.user
    if not user.has_perm("services.add_question"):
        raise PermissionDenied
    enterprise = chosen_enterprise(request)
    if enterprise is None:
        return choose_enterprise(request, _("Take in a question"))
    form = QuestionForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        question = _take_in(request, form, enterprise)
        if question:
            messages.success(request, _("Taken in as %(number)s.") % {"number": question.number})
            return HttpResponseRedirect(page_of(question))
    context = {"form": form, "media": form.media, "enterprise": enterprise}
    return office_page(request, "services/question/take_in.html", _("Take in a question"), context)


def _take_in(request: HttpRequest, form: QuestionForm, enterprise: Enterprise) -> Question | None:
    user: Any = request.user
    try:
        return take_in_question(
            enterprise=enterprise,
            values=form.values(),
            uploads=form.cleaned_data["file"],
            sent_as=form.cleaned_data["sent_as"],
            by=user,
        )
    except NotAllowed as violation:
        raise PermissionDenied from violation
    except AskedBefore as before:
        if before.question.taken_in_by_id != user.pk:
            raise PermissionDenied from before
        if not says_the_same(before.question, form.values(), form.cleaned_data["file"]):
            draw_again(form)  # another question in the same form: it can be sent
        link = format_html('<a href="{}">{}</a>', page_of(before.question), _("Open it"))
        form.add_error(None, format_html("{} {}", before.message, link))
    except RuleViolation as violation:
        add_violation(form, violation)
    return None


def chosen_enterprise(request: HttpRequest) -> Enterprise | None:
    """The enterprise that the address names, if the person may name it."""
    user: Any = request.user
    key = request.GET.get("enterprise", "")
    if not (key.isascii() and key.isdecimal() and len(key) < 18):
        return None
    return served_enterprises(user).filter(pk=int(key)).first()


def choose_enterprise(request: HttpRequest, title: str) -> HttpResponse:
    """The own enterprises first; every other one that may be named is searched."""
    user: Any = request.user
    words = request.GET.get("q", "").strip()[:60]
    found = find_enterprises(user, words) if words else own_enterprises(user)
    context = {"words": words, "found": found, "address": request.path}
    return office_page(request, "services/choose_enterprise.html", title, context)


admin.site.add_page("services/question/take-in/", take_in, "services_question_take_in")
