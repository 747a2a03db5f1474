"""Taking a question in: by staff and liaison officers, or by the enterprise through its link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.codes import clean_phone
from kfq_crm.base.columns import at_field, fill
from kfq_crm.base.destinations import outside
from kfq_crm.base.errors import RuleViolation
from leads.actions.files import digest_of
from leads.models import Enterprise
from services.actions import question_mails, question_notices
from services.actions.question_files import keep_files
from services.actions.question_story import KIND, make_findable, now_or, tell, words
from services.models import AskingLink, Liaison, Question, Source, is_secret
from services.question_clock import link_rule, start_clock
from services.question_rights import may_name, require

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.core.files.base import File

    from kfq_crm.base.models import User
    from leads.models import Lead
    from services.models import Visit

FIELDS = {
    "title",
    "text",
    "category",
    "place",
    "contact_name",
    "contact_phone",
    "contact_email",
}
A_DAY = timedelta(hours=24)


class AskedBefore(RuleViolation):
    """The same form came a second time; `question` is what came of the first."""

    def __init__(self, question: Question) -> None:
        super().__init__("sent_before", _("This form was sent before and is on record."))
        self.question = question


@transaction.atomic
def take_in_question(
    *,
    enterprise: Enterprise,
    values: Mapping[str, Any],
    by: User,
    uploads: Iterable[File[bytes]] = (),
    lead: Lead | None = None,
    visit: Visit | None = None,
    sent_as: UUID | None = None,
    now: datetime | None = None,
) -> Question:
    """Put on record what an enterprise asks; the limits run from today.

    `values`: FIELDS and `confidential`. RuleViolation at the field at fault; NotAllowed for an
    enterprise that the person may not name. A form that comes twice is taken once: AskedBefore.
    """
    require(by.has_perm("services.add_question") and may_name(by, enterprise))
    concurrency.lock(Enterprise.objects.all(), enterprise.pk)
    _require_new(sent_as)
    cares = Liaison.objects.active().filter(officer=by, enterprise=enterprise).exists()
    question = Question(
        enterprise=enterprise,
        lead=lead,
        visit=visit,
        source=Source.LIAISON if cares else Source.STAFF,
        taken_in_by=by,
        confidential=bool(values.get("confidential")) or tells_of_secret(enterprise, lead),
        sent_as=sent_as,
    )
    return _record(question, values, uploads, by, now_or(now))


@transaction.atomic
def ask_by_link(
    *,
    link: AskingLink,
    values: Mapping[str, Any],
    uploads: Iterable[File[bytes]] = (),
    address: str = "",
    sent_as: UUID | None = None,
    now: datetime | None = None,
) -> Question:
    """The enterprise asks by itself. The link is locked, so that its limit of questions a day
    cannot be passed by asking twice at once; so is nothing of other links, and the limit of a
    network address is therefore only as exact as rows that are committed.

    RuleViolation `link_over` for a link that ended meanwhile, `too_many` beyond the rule's number.
    """
    moment = now_or(now)
    held = concurrency.lock(AskingLink.objects.all(), link.pk)
    if not held.is_valid(timezone.localdate(moment)):
        raise RuleViolation("link_over", _("This link is no longer valid."))
    _require_new(sent_as)
    _require_room(held, address, moment)
    question = Question(
        enterprise=held.enterprise,
        link=held,
        source=Source.LINK,
        asked_from=address[:45],
        confidential=tells_of_secret(held.enterprise, None),
        sent_as=sent_as,
    )
    return _record(question, values, uploads, None, moment)


def _record(
    question: Question,
    values: Mapping[str, Any],
    uploads: Iterable[File[bytes]],
    by: User | None,
    moment: datetime,
) -> Question:
    fill(question, FIELDS, values)
    clean_words(question)
    question.taken_in_at = moment
    start_clock(question, timezone.localdate(moment))
    make_findable(question)
    concurrency.create(question, by=by)
    make_findable(question)  # it has a number now
    Question.objects.filter(pk=question.pk).update(
        search_text=question.search_text, search_grams=question.search_grams
    )
    event = tell(question, KIND.TAKEN_IN, by=by, at=moment)
    question_notices.tell_intake(event)
    question_mails.confirm_intake(question)
    keep_files(question, uploads, by)  # last: what is refused after it would leave them on the disk
    return question


def clean_words(question: Question) -> None:
    """Whatever people typed, in one spelling; RuleViolation at the field."""
    question.title = words(" ".join(question.title.split()), "title", _("Say it in one line."))
    question.text = words(question.text, "text", _("Say what is asked."))
    if question.contact_phone:
        with at_field("contact_phone"):
            question.contact_phone = clean_phone(question.contact_phone)
    if question.contact_email:
        with at_field("contact_email"):
            outside(question.contact_email)
    if question.category_id and not question.category.is_active:
        raise RuleViolation("category", _("This category is no longer used."), "category")


def says_the_same(
    question: Question, values: Mapping[str, Any], uploads: Iterable[File[bytes]]
) -> bool:
    """Whether a form that came a second time asks what the first one asked: the same words, and
    no file that is not on record."""
    words_of = (" ".join(values["title"].split()), values["text"].strip())
    kept = set(question.files.values_list("sha256", flat=True))
    known = all(digest_of(upload) in kept for upload in uploads)
    return known and words_of == (question.title, question.text)


def tells_of_secret(enterprise: Enterprise, lead: Lead | None) -> bool:
    """Whether a question of this enterprise, about this lead, must be confidential."""
    return is_secret(enterprise) or bool(lead and lead.confidential)


def _require_new(sent_as: UUID | None) -> None:
    """Enterprise or link is locked: of one form that comes twice at once, the second finds the
    first."""
    first = Question.objects.filter(sent_as=sent_as).first() if sent_as else None
    if first:
        raise AskedBefore(first)


def _require_room(link: AskingLink, address: str, moment: datetime) -> None:
    """Rows are counted, not requests: what was refused costs nobody a question."""
    rule = link_rule(timezone.localdate(moment))
    lately = Question.objects.filter(taken_in_at__gt=moment - A_DAY, source=Source.LINK)
    if lately.filter(link=link).count() >= rule.per_link:
        raise RuleViolation(
            "too_many",
            _("Through one link at most %(number)d questions are taken in 24 hours. "
              "Yours was not taken; try again tomorrow, or call your liaison officer.")
            % {"number": rule.per_link},
        )  # fmt: skip
    if address and lately.filter(asked_from=address[:45]).count() >= rule.per_address:
        raise RuleViolation(
            "too_many_here",
            _("Too many questions came from your network today. "
              "Yours was not taken; try again tomorrow, or call your liaison officer."),
        )  # fmt: skip
