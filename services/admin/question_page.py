"""The page of a question: what was asked, its limits in words, its story, what one may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from kfq_crm.base.access import record_access
from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin.access_log import PARTICULARS, SUBJECTS
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.codes import mask_phone
from kfq_crm.base.mail_reading import KINDS
from kfq_crm.base.models import AccessKind
from kfq_crm.base.pages import office_page
from leads.models import Enterprise, Lead
from leads.templatetags.leads import is_picture
from services.actions.question_files import record_download
from services.admin.questions import limit_badge, page_of, state_of
from services.models import (
    Extension,
    KnowledgeEntry,
    Question,
    QuestionFile,
    QuestionState,
)
from services.question_clock import question_rule
from services.question_queries import proposed_knowledge
from services.question_rights import Rights, rights_over

SUBJECTS["question.phone"] = gettext_lazy("telephone of who asked a question")
SUBJECTS["question.file"] = gettext_lazy("file of a question")
SUBJECTS["asking_link.given"] = gettext_lazy("link for questions given out")
SUBJECTS["asking_link.revoked"] = gettext_lazy("link for questions taken back")
PARTICULARS["question"] = gettext_lazy("question no.")
KINDS["question"] = gettext_lazy("Message about an enterprise's question")

MOVING = {"verify", "decide_extension", "answer", "feed_back"}
RELATED = ("enterprise", "category", "department__head", "handler", "taken_in_by", "lead", "link")


@dataclass(frozen=True)
class Limit:
    """One line of the limits: what, by when, when it was done, and how that stands."""

    label: Any
    due_on: date
    done_at: Any
    is_next: bool
    is_late: bool


def question_page(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    question = get_object_or_404(Question.objects.visible_to(user).select_related(*RELATED), pk=pk)
    today, calendar = timezone.localdate(), current_calendar()
    rights = rights_over(user, question)
    extension = question.extensions.filter(decided_at=None).select_related("asked_by").first()
    company = Enterprise.objects.visible_to(user).filter(pk=question.enterprise_id)
    feedbacks = question.feedbacks.select_related("given_by", "department", "mail")
    context = {
        "question": question,
        "rights": rights,
        "state": state_of(question),
        "light": limit_badge(question, calendar, today, question_rule(today).amber_from),
        "limits": limits_of(question, today),
        "calendar": calendar,
        "phone": _phone(user, question),
        "masked": _is_masked(user, question),
        "files": question.files.all(),
        "events": question.events.select_related("by").order_by("-pk"),
        "feedbacks": feedbacks.order_by("-pk"),
        "extension": extension,
        "opens_company": company.exists(),
        "opens_lead": _opens_lead(user, question),
        "verbs": verbs_for(user, question, rights, extension),
        "knowledge": proposed_knowledge(user, question) if rights.work else (),
        "kept": _kept(user, question),
    }
    return office_page(request, "services/question/page.html", question.title, context)


def limits_of(question: Question, today: date) -> list[Limit]:
    """The three limits of this round, each with what became of it."""
    rows = (
        (_("Verify"), question.verify_by, question.verified_at, "verify_by"),
        (_("Answer"), question.answer_by, question.answered_at, "answer_by"),
        (_("Solve"), question.solve_by, question.fed_back_at, "solve_by"),
    )
    if question.round > 1:
        rows = rows[1:]
    return [
        Limit(
            label,
            due,
            done,
            is_next=question.due_on is not None and done is None and question.due_on == due,
            is_late=(timezone.localdate(done) if done else today) > due
            and (done is not None or question.is_open),
        )
        for label, due, done, _column in rows
    ]


@dataclass(frozen=True)
class Verb:
    """A button; the first one is what comes next."""

    route: str
    label: Any
    is_primary: bool = False
    is_danger: bool = False
    pk: int = 0


def verbs_for(
    user: Any, question: Question, rights: Rights, extension: Extension | None
) -> list[Verb]:
    """What this person may do with the question now, and nothing else; the first that brings it
    on is the button that stands out."""
    state = question.state
    working = rights.work and state in (QuestionState.VERIFIED, QuestionState.ANSWERED)
    decides = extension is not None and rights.may_decide(user, extension)
    in_time = timezone.localdate() <= question.solve_by < question.at_most_by
    concerned = rights.work or rights.verify or question.taken_in_by_id == user.pk
    corrects = concerned or rights.cares
    possible = (
        (rights.verify, "verify", _("Verify and assign")),
        (decides, "decide_extension", _("Decide on more time")),
        (rights.work and state == QuestionState.VERIFIED, "answer", _("Answer the enterprise")),
        (working, "feed_back", _("Feed back the outcome")),
        (working and not extension and in_time, "ask_extension", _("Ask for more time")),
        (rights.work and question.is_open, "hand_over", _("Hand over")),
        (concerned, "note", _("Note for colleagues")),
        (concerned, "attach", _("Attach photos or files")),
        (corrects and state != QuestionState.CLOSED, "correct", _("Correct the data")),
        (_may_keep(user, question, rights), "keep_answer", _("Keep the answer as knowledge")),
        (rights.verify, "decline", _("Do not take it up")),
    )
    found = [(route, label) for is_possible, route, label in possible if is_possible]
    return [
        Verb(
            f"admin:services_question_{route}",
            label,
            is_primary=place == 0 and route in MOVING,
            is_danger=route == "decline",
            pk=extension.pk if extension and route == "decide_extension" else question.pk,
        )
        for place, (route, label) in enumerate(found)
    ]


def _may_keep(user: Any, question: Question, rights: Rights) -> bool:
    if not (rights.work and user.has_perm("services.add_knowledgeentry")):
        return False
    if question.confidential or question.answered_at is None:
        return False
    return _kept(user, question) is None


def _kept(user: Any, question: Question) -> KnowledgeEntry | None:
    return KnowledgeEntry.objects.visible_to(user).filter(question=question).first()


def _is_masked(user: Any, question: Question) -> bool:
    own = {question.handler_id, question.taken_in_by_id}
    return bool(question.contact_phone) and user.pk not in own


def _phone(user: Any, question: Question) -> str:
    masked = _is_masked(user, question)
    return mask_phone(question.contact_phone) if masked else question.contact_phone


def _opens_lead(user: Any, question: Question) -> bool:
    return (
        bool(question.lead_id)
        and Lead.objects.visible_to(user).filter(pk=question.lead_id).exists()
    )


@never_cache
@require_POST
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """The number once, on an answer that is not kept; the look is in the access log before."""
    user: Any = request.user
    question = get_object_or_404(
        Question.objects.visible_to(user).select_related("enterprise"), pk=pk
    )
    if not user.has_perm("services.change_question"):
        raise PermissionDenied
    if not question.contact_phone:
        raise Http404
    record_access(
        AccessKind.REVEAL,
        by=user,
        subject="question.phone",
        instance=question,
        detail={"question": question.pk},
        address=client_address(request),
    )
    context = {"question": question, "back": page_of(question)}
    return office_page(request, "services/question/reveal.html", question.title, context)


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """A file of a question that the person sees; noted first, never shown as a page."""
    user: Any = request.user
    file = get_object_or_404(QuestionFile.objects.visible_to(user), pk=pk)
    try:
        content = file.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    try:
        record_download(file=file, by=user, address=client_address(request))
    except BaseException:
        content.close()
        raise
    is_shown = "inline" in request.GET and is_picture(file)
    answer = FileResponse(
        content,
        as_attachment=not is_shown,
        filename=file.name,
        content_type=file.content_type,
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer


admin.site.add_page("services/question/<int:pk>/page/", question_page, "services_question_page")
admin.site.add_page("services/question/<int:pk>/reveal/", reveal, "services_question_reveal")
admin.site.add_page("services/question-file/<int:pk>/", download, "services_question_file")
