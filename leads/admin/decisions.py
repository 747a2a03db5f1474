"""Questions to the chain leader: asked and withdrawn by the head, answered by the leader."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextareaWidget

from kfq_crm.base import action_page
from kfq_crm.base.access import record_access
from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin.access_log import PARTICULARS, SUBJECTS, VALUES
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm, add_violation
from kfq_crm.base.mail_reading import KINDS
from kfq_crm.base.models import AccessKind
from leads.actions.decisions import (
    answer_by_link,
    answer_signed_in,
    ask_leader,
    leads_chain_of,
    withdraw_question,
)
from leads.admin.action_page import ActionPage, register
from leads.admin.lead_actions import long_field
from leads.digest.links import LinkRefused, OpenLink, read_token
from leads.models import Answer, Blocker, Decision, Lead

SUBJECTS["decision.opened"] = gettext_lazy("link to a question opened")
SUBJECTS["decision.answered"] = gettext_lazy("question of the digest answered")
SUBJECTS["decision.changed"] = gettext_lazy("answer to a question changed")
PARTICULARS["answer"] = gettext_lazy("answer of the leader")
PARTICULARS["way"] = gettext_lazy("answered by what means")
PARTICULARS["digest"] = gettext_lazy("weekly digest")
VALUES["way", "link"] = gettext_lazy("by the link in the digest")
VALUES["way", "signed_in"] = gettext_lazy("answered after signing in")
KINDS["decision"] = gettext_lazy("Answer of a chain leader")
for _answer in Answer:
    VALUES["answer", _answer.value] = _answer.label

LONGEST_TEXT = 500


# --- Asking ---------------------------------------------------------------------------------


class AskLeaderForm(ActionForm):
    question = long_field(
        gettext_lazy("Question to the chain leader"),
        rows=2,
        max_length=200,
        help_text=gettext_lazy(
            "One sentence that can be answered with yes or no. It travels by mail: no names of "
            "persons, and nothing that a confidential lead must not tell."
        ),
    )


class AskLeaderPage(ActionPage):
    """From the blocker to the leader's next digest."""

    model = Blocker
    related = ("lead", "lead__chain", "owner")
    title = gettext_lazy("Put it to the chain leader")
    submit_label = gettext_lazy("Put it into the digest")
    form_class = AskLeaderForm
    right = "reassign"

    def lead_of(self, subject: Any) -> Lead:
        return subject.lead  # type: ignore[no-any-return]  # a Blocker's

    def page_of(self, subject: Any) -> str:
        return reverse("admin:leads_lead_page", args=[subject.lead_id])

    def form_options(self) -> dict[str, Any]:
        return {"initial": {"question": self.subject.description}}

    def refusal(self) -> str:
        if self.subject.resolved_on or not self.subject.lead.is_open:
            return _("This has been cleared; nothing is to be decided.")
        if self.subject.decisions.filter(answer="", withdrawn_at=None).exists():
            return _("A question about this waits for the leader already.")
        return ""

    def consequences(self) -> list[str]:
        return [
            _("The question goes into the chain leader's next weekly digest, at most three a week:"
              " the most urgent first, the rest waits."),
            _("The leader answers by a link in the mail, or signed in; owner and head are told."),
        ]  # fmt: skip

    def act(self, form: Any) -> str:
        ask_leader(blocker=self.subject, by=self.user, **form.cleaned_data)
        return _("The question waits for the next digest.")


class WithdrawPage(ActionPage):
    model = Decision
    related = ("blocker__lead__chain",)
    title = gettext_lazy("Withdraw the question to the leader")
    submit_label = gettext_lazy("Withdraw the question")
    right = "reassign"
    is_danger = True

    def lead_of(self, subject: Any) -> Lead:
        return subject.blocker.lead  # type: ignore[no-any-return]  # a Decision's

    def page_of(self, subject: Any) -> str:
        return reverse("admin:leads_lead_page", args=[subject.blocker.lead_id])

    def refusal(self) -> str:
        return "" if self.subject.is_waiting else _("This has been answered or withdrawn already.")

    def consequences(self) -> list[str]:
        return [
            self.subject.question,
            _("It leaves the coming digests; links already sent say that it was withdrawn."),
        ]

    def act(self, form: Any) -> str:
        withdraw_question(decision=self.subject, by=self.user)
        return _("The question is withdrawn.")


# --- Answering, signed in -------------------------------------------------------------------


class AnswerForm(ActionForm):
    answer = forms.ChoiceField(
        label=gettext_lazy("Answer"), choices=Answer.choices, widget=UnfoldAdminRadioSelectWidget()
    )
    text = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("Needed for an instruction"),
    )


class AnswerPage(action_page.ActionPage):
    """The leader answers, or changes the answer."""

    model = Decision
    related = ("blocker__lead__chain",)
    title = gettext_lazy("Answer the team's question")
    submit_label = gettext_lazy("Confirm the answer")
    form_class = AnswerForm

    def is_allowed(self) -> bool:
        return leads_chain_of(self.user, self.subject)

    def page_of(self, subject: Any) -> str:
        return reverse("admin:leads_lead_page", args=[subject.blocker.lead_id])

    def form_options(self) -> dict[str, Any]:
        now = {"answer": self.subject.answer, "text": self.subject.text}
        return {"initial": now}

    def refusal(self) -> str:
        if self.subject.withdrawn_at:
            return _("The question was withdrawn; nothing is to be decided.")
        return ""

    def consequences(self) -> list[str]:
        return [
            f"{self.subject.blocker.lead}",
            _("Owner and head are told at once; a change is told as well and stays on record."),
        ]

    def act(self, form: Any) -> str:
        answer_signed_in(
            decision=self.subject,
            by=self.user,
            expected=self.expected(),
            address=self.address,
            **form.cleaned_data,
        )
        return _("Your answer is on record and the team is told.")


register({"ask_leader": AskLeaderPage}, "blocker")
register({"withdraw": WithdrawPage, "answer": AnswerPage}, "decision")  # type: ignore[dict-item]  # the same kind of view


# --- Answering by a signed link, without a password -----------------------------------------


class LinkForm(AnswerForm):
    """The same fields, plain: this page stands outside the admin's frame."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Answer"), choices=Answer.choices, widget=forms.RadioSelect()
    )
    text = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Needed for an instruction"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, token: str) -> HttpResponse:
    """A question of the digest. Opening changes nothing, whoever or whatever opens it; only the
    sent form answers. Shows the question, the project's name and the chain, no more."""
    try:
        link = read_token(token)
    except LinkRefused as refused:
        return _page(request, "leads/decide/refused.html", {"refused": refused}, status=410)
    if request.method == "POST":
        return _answer(request, link, token)
    _note_opening(request, link)
    return _show(request, link, LinkForm(initial={"answer": _wished(request)}))


def _wished(request: HttpRequest) -> str:
    """The button of the mail only ticks a choice."""
    wish = request.GET.get("answer", "")
    return wish if wish in Answer.values else ""


def _answer(request: HttpRequest, link: OpenLink, token: str) -> HttpResponse:
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _show(request, link, form)
    try:
        answer_by_link(
            decision=link.decision,
            digest=link.digest,
            by=link.person,
            address=client_address(request),
            **form.cleaned_data,
        )
    except RuleViolation as violation:
        if violation.field is None:
            return redirect("admin:decide", token)
        add_violation(form, violation)
        return _show(request, link, form)
    return redirect("admin:decide", token)


def _show(request: HttpRequest, link: OpenLink, form: LinkForm) -> HttpResponse:
    decision = link.decision
    lead = decision.blocker.lead
    context = {
        "decision": decision,
        "project": lead,
        "chain": lead.chain,
        "person": link.person,
        "form": form,
        "is_over": decision.is_waiting and bool(decision.blocker.resolved_on or not lead.is_open),
    }
    return _page(request, "leads/decide/page.html", context)


def _note_opening(request: HttpRequest, link: OpenLink) -> None:
    record_access(
        AccessKind.ADMINISTRATION,
        by=link.person,
        subject="decision.opened",
        instance=link.decision,
        detail={"digest": link.digest.code},
        address=client_address(request),
    )


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


admin.site.add_open_page("decide/<str:token>/", decide, "decide")  # type: ignore[attr-defined]  # the office's site
