"""The verbs that write to the enterprise, with earlier answers beside them; keeping an answer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget

from kfq_crm.base.forms import ActionForm
from leads.admin.lead_actions import long_field, text_field
from services.actions.feedback import give_feedback
from services.actions.handling import answer_question
from services.actions.knowledge import CONFIDENTIAL, keep_answer
from services.admin.question_verbs import LONGEST, QuestionPage, register
from services.models import KnowledgeEntry, Outcome
from services.question_queries import find_knowledge, proposed_knowledge
from services.signed_links import are_sent


class AnsweringPage(QuestionPage):
    """A verb that writes to the enterprise; earlier answers are searched beside the form.

    Looking them up sends the form as well, to an address with `look` or `entry`: then nothing is
    done, and what was typed is shown again.
    """

    template_name = "services/question/answering.html"
    text_name = "answer"
    keeps_words = True

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.GET.keys() & {"look", "entry"}:
            return self.get(request, pk)
        return super().post(request, pk)

    def form_options(self) -> dict[str, Any]:
        posted = self.request.POST
        draft = {name: posted[name] for name in self.form_class.base_fields if name in posted}
        entry = self._chosen()
        if entry:
            draft[self.text_name] = self._behind(draft.get(self.text_name, ""), entry.answer)
        return {"initial": draft}

    def _behind(self, typed: str, answer: str) -> str:
        """A kept answer after the words of one's own, as far as there is room for it."""
        text = "\n\n".join(part for part in (typed.strip(), answer) if part)
        text = text.replace("\r\n", "\n")
        most = LONGEST - text.count("\n")  # browsers send a line's end as two characters
        if len(text) > most:
            told = _("An answer has at most %(most)d characters; what was beyond is left out. "
                     "Read its end before you send it.")  # fmt: skip
            messages.warning(self.request, told % {"most": LONGEST})
        return text[:most]

    def _chosen(self) -> KnowledgeEntry | None:
        key = self.request.GET.get("entry", "")
        if not (key.isascii() and key.isdecimal() and len(key) < 18):
            return None
        return KnowledgeEntry.objects.visible_to(self.user).filter(pk=int(key)).first()

    def extra_context(self) -> dict[str, Any]:
        asked = self.request.POST if self.request.method == "POST" else self.request.GET
        words = asked.get("q", "").strip()[:100]
        found = find_knowledge(self.user, words)[:10] if words else None
        entries = proposed_knowledge(self.user, self.question) if found is None else found
        return {**super().extra_context(), "words": words, "entries": entries}


class AnswerForm(ActionForm):
    answer = long_field(
        gettext_lazy("Answer to the enterprise"),
        rows=6,
        max_length=LONGEST,
        help_text=gettext_lazy("What will be done, by whom, until when"),
    )


class AnswerPage(AnsweringPage):
    title = gettext_lazy("Answer a question")
    submit_label = gettext_lazy("Send the answer")
    form_class = AnswerForm

    def refusal(self) -> str:
        return "" if self.question.state == "verified" else _("This is not the step that is next.")

    def consequences(self) -> list[str]:
        return [self.is_written_to, _("The question stays open until the outcome is fed back.")]

    def act(self, form: Any) -> str:
        answer_question(
            question=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The answer is on record.")


class FeedBackForm(ActionForm):
    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        choices=Outcome.choices,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    text = long_field(gettext_lazy("Feedback to the enterprise"), rows=6, max_length=LONGEST)


class FeedBackPage(AnsweringPage):
    title = gettext_lazy("Feed the outcome back")
    submit_label = gettext_lazy("Send the feedback")
    form_class = FeedBackForm
    text_name = "text"

    def refusal(self) -> str:
        fits = self.question.state in ("verified", "answered")
        return "" if fits else _("This is not the step that is next.")

    def consequences(self) -> list[str]:
        told = [self.is_written_to, _("The enterprise gets no link to rate it.")]
        if self.is_rated:
            told[1] = _("The enterprise rates it by a link; a low rating opens the question again.")
        if timezone.localdate() > self.question.solve_by:
            told.append(
                _("The limit has passed; the enterprise is told so and it stays on record.")
            )
        return told

    def act(self, form: Any) -> str:
        give_feedback(
            question=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        if not self.is_rated:
            return _("The outcome is fed back.")
        return _("The outcome is fed back; the enterprise may rate it now.")

    @property
    def is_rated(self) -> bool:
        """Whether the enterprise gets the link by which it rates."""
        return bool(self.question.contact_email) and are_sent()


class KeepAnswerForm(ActionForm):
    title = text_field(
        pgettext_lazy("knowledge", "Question in general words"),
        max_length=120,
        help_text=gettext_lazy("Without the names of enterprises and persons: all staff read it"),
    )
    answer = long_field(pgettext_lazy("knowledge", "Answer"), rows=8, max_length=4000)
    basis = text_field(
        pgettext_lazy("knowledge", "Rests on"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Policy or document, with its number"),
    )


class KeepAnswerPage(QuestionPage):
    title = gettext_lazy("Keep the answer as knowledge")
    submit_label = gettext_lazy("Keep it")
    form_class = KeepAnswerForm

    def is_allowed(self) -> bool:
        return self.rights.work and self.user.has_perm("services.add_knowledgeentry")

    def refusal(self) -> str:
        return str(CONFIDENTIAL) if self.question.confidential else ""

    def form_options(self) -> dict[str, Any]:
        feedback = self.question.feedbacks.order_by("-pk").first()
        answer = feedback.text if feedback else ""
        return {"initial": {"title": self.question.title, "answer": answer}}

    def consequences(self) -> list[str]:
        return [_("Whoever answers a question like this one is offered the entry.")]

    def act(self, form: Any) -> str:
        keep_answer(question=self.subject, values=form.cleaned_data, by=self.user)
        return _("The answer is kept.")


register({"answer": AnswerPage, "feed_back": FeedBackPage, "keep_answer": KeepAnswerPage})
