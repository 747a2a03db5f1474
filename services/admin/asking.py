"""Pages for enterprises, without an account: to ask through the own link, and to rate.

Opening one changes nothing, whoever or whatever opens it: a mail scanner, a preview, a browser
that loads ahead. Only the sent form writes. Nothing comes from another host.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from kfq_crm.base.addresses import client_address
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm, add_violation
from leads.admin.followup_form import FilesField, FormNumberField, draw_again
from services.actions.feedback import rate_feedback
from services.actions.intake import AskedBefore, ask_by_link, says_the_same
from services.models import AskingLink, Feedback, Liaison, Question, QuestionCategory
from services.question_clock import COLUMNS, limits_on, link_rule, question_rule
from services.signed_links import LinkRefused, are_sent, read_asking, read_rating

SHOWN = 20
RATINGS = (
    ("5", pgettext_lazy("rating", "5 · very satisfied")),
    ("4", pgettext_lazy("rating", "4 · satisfied")),
    ("3", pgettext_lazy("rating", "3 · so-so")),
    ("2", pgettext_lazy("rating", "2 · not satisfied")),
    ("1", pgettext_lazy("rating", "1 · not solved at all")),
)


class AskForm(ActionForm):
    """What is asked, in the enterprise's own words."""

    title = forms.CharField(
        label=gettext_lazy("Your question in one line"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    text = forms.CharField(
        label=gettext_lazy("What happened, what do you need?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    category = forms.ModelChoiceField(
        label=gettext_lazy("What it is about"),
        queryset=QuestionCategory.objects.filter(is_active=True),
        empty_label=gettext_lazy("please choose"),
    )
    place = forms.CharField(
        label=gettext_lazy("Where (park, street, workshop)"), max_length=100, required=False
    )
    contact_name = forms.CharField(label=gettext_lazy("Whom we may ask"), max_length=60)
    contact_phone = forms.CharField(
        label=gettext_lazy("Telephone"),
        max_length=60,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )
    contact_email = forms.CharField(
        label=gettext_lazy("E-mail for the answer"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "email"}),
    )
    file = FilesField(
        label=gettext_lazy("Photos or papers"),
        required=False,
        help_text=gettext_lazy("JPG, PNG, WebP, PDF, Word, Excel, PowerPoint, up to 20 MB each"),
    )
    sent_as = FormNumberField()

    def values(self) -> dict[str, Any]:
        return {k: v for k, v in self.cleaned_data.items() if k not in ("file", "sent_as")}


class RateForm(ActionForm):
    score = forms.TypedChoiceField(
        label=gettext_lazy("How satisfied are you?"),
        choices=RATINGS,
        coerce=int,
        widget=forms.RadioSelect(),
        error_messages={"required": gettext_lazy("Choose one of the five ratings.")},
    )
    words = forms.CharField(
        label=gettext_lazy("In your own words"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("What was good, what is still missing"),
    )


# --- Asking ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, token: str) -> HttpResponse:
    """The enterprise's page: ask, and see how earlier questions of this link stand."""
    try:
        link = read_asking(token)
    except LinkRefused as refused:
        return _refused(request, refused, "services/ask/refused.html")
    if request.method == "POST":
        return _take(request, link, token)
    number = request.GET.get("asked", "")
    asked = _asked(link, number) if number else None
    if asked:
        return _page(request, "services/ask/receipt.html", _receipt(link, asked, token))
    return _ask_page(request, link, AskForm(initial=_known(link)))


def _take(request: HttpRequest, link: AskingLink, token: str) -> HttpResponse:
    form = AskForm(request.POST, request.FILES)
    if not form.is_valid():
        return _ask_page(request, link, form)
    try:
        question = ask_by_link(
            link=link,
            values=form.values(),
            uploads=form.cleaned_data["file"],
            address=client_address(request),
            sent_as=form.cleaned_data["sent_as"],
        )
    except AskedBefore as before:
        question = before.question
        note = _why_not_this_one(link, question, form)
        if note:
            draw_again(form)
            form.add_error(None, note)
            return _ask_page(request, link, form)
    except RuleViolation as violation:
        add_violation(form, violation)
        return _ask_page(request, link, form, status=429 if "too_many" in violation.code else 200)
    address = reverse("admin:ask", args=[token])
    return redirect(f"{address}?asked={question.number}")


def _why_not_this_one(link: AskingLink, first: Question, form: AskForm) -> str:
    """What a form says whose number was used for something else; "" where it came twice."""
    if first.link_id != link.pk:  # somebody else's form: it tells nothing about it
        return _(
            "This form was used before. Your question is not on record yet; send it once more."
        )
    if says_the_same(first, form.values(), form.cleaned_data["file"]):
        return ""
    told = _("Your first question is on record as %(number)s. This one is not yet: send it, if you "
             "mean it as another one, and choose its files again.")  # fmt: skip
    return told % {"number": first.number}


def _ask_page(
    request: HttpRequest, link: AskingLink, form: AskForm, status: int = 200
) -> HttpResponse:
    rows = link.questions.select_related("category").order_by("-pk")[:SHOWN]
    today = timezone.localdate()
    context = {
        "link": link,
        "form": form,
        "questions": rows,
        "limits": limits_on(today),
        "most": link_rule(today).per_link,
        "is_rated": are_sent(),
    }
    return _page(request, "services/ask/page.html", context, status)


def _known(link: AskingLink) -> dict[str, str]:
    """What staff noted of whom the link was given to; of a telephone nothing is shown."""
    return {"contact_name": link.contact_name, "contact_email": link.contact_email}


def _asked(link: AskingLink, number: str) -> Question | None:
    """A question of this link by its number; any other is none."""
    key = number.removeprefix("WT")
    if not (key.isascii() and key.isdecimal() and len(key) < 18):
        return None
    return link.questions.filter(pk=int(key)).first()


def _receipt(link: AskingLink, question: Question, token: str) -> dict[str, Any]:
    """What happens next, with the days as they were recorded, and whom one may call."""
    cares = Liaison.objects.active().filter(enterprise=link.enterprise_id)
    return {
        "link": link,
        "question": question,
        "days": {item: getattr(question, column) for item, column in COLUMNS.items()},
        "liaison": cares.select_related("officer").first(),
        "is_rated": are_sent(),
        "token": token,
    }


# --- Rating ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest, token: str) -> HttpResponse:
    """The outcome and five ratings; after one of them, what followed from it."""
    try:
        feedback = read_rating(token)
    except LinkRefused as refused:
        return _refused(request, refused, "services/ask/refused.html")
    form = RateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            rate_feedback(feedback=feedback, address=client_address(request), **form.cleaned_data)
        except RuleViolation as violation:
            if violation.field is None:  # rated or over: the page says so
                return redirect("admin:rate", token)
            add_violation(form, violation)
        else:
            return redirect("admin:rate", token)
    return _rate_page(request, feedback, form)


def _rate_page(request: HttpRequest, feedback: Feedback, form: RateForm) -> HttpResponse:
    question = feedback.question
    is_open = question.state == "fed_back" and feedback.round == question.round
    is_over = not feedback.rated_at and (
        not is_open or bool(question.closes_on and timezone.localdate() > question.closes_on)
    )
    context = {
        "feedback": feedback,
        "question": question,
        "form": form,
        "is_over": is_over,
        "is_reopened": feedback.rated_at and question.round > feedback.round,
        "low": question_rule(timezone.localdate()).reopens_up_to,
    }
    return _page(request, "services/ask/rate.html", context, 410 if is_over else 200)


# --- What both have in common ----------------------------------------------------------------


def _refused(request: HttpRequest, refused: LinkRefused, template: str) -> HttpResponse:
    return _page(request, template, {"refused": refused}, 410)


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Kept by nobody, found by nobody, its address told to no other site.

    Not `no-referrer`: then browsers send "Origin: null" with the form, which is refused.
    """
    response = render(request, template, context, status=status)
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "same-origin"
    return response


admin.site.add_open_page("ask/<str:token>/", ask, "ask")  # type: ignore[attr-defined]  # the office's site
admin.site.add_open_page("rate/<str:token>/", rate, "rate")  # type: ignore[attr-defined]  # the office's site
