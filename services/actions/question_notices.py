"""What staff are told at once about a question: it came in, it is theirs, it came back, more time
is asked for or decided. The limits themselves are the reminders' matter.

Nobody is told what he or she did, and nobody who may not see the question. Of a confidential one
a message says that there is something, on the page what. Through the outbox, in the transaction of
the step, once for each line of the question's story.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from kfq_crm.base.mail import Letter, enqueue_all
from services.models import Liaison, Question

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfq_crm.base.models import User
    from services.models import Feedback, QuestionEvent

KIND = "question_notice"


def tell_intake(event: QuestionEvent) -> None:
    """Who looks after the enterprise; without such a person, who gave it its link."""
    question = event.question
    cares = Liaison.objects.active().filter(
        enterprise=question.enterprise_id, officer__is_active=True
    )
    first = cares.select_related("officer").first()
    issuer = question.link.issued_by if question.link else None
    _write(event, [first.officer if first else issuer])


def tell_holder(event: QuestionEvent) -> None:
    """Who has it now: the person, or the department's head while nobody is named."""
    _write(event, [_holder(event.question)])


def tell_reopened(event: QuestionEvent, rated: Feedback) -> None:
    """Who answered, and the head of the department whose answer was not good enough."""
    question = event.question
    head = question.department.head if question.department else None
    _write(event, [question.handler, head], rated)


def tell_person(event: QuestionEvent, person: User | None) -> None:
    _write(event, [person])


def _holder(question: Question) -> User | None:
    return question.handler or (question.department.head if question.department else None)


def _write(
    event: QuestionEvent, people: Iterable[User | None], rated: Feedback | None = None
) -> None:
    named = {person.pk: person for person in people if person and person.pk != event.by_id}
    with override(settings.LANGUAGE_CODE):
        enqueue_all(
            _letter(event, person, rated)
            for person in named.values()
            if Question.objects.visible_to(person).filter(pk=event.question_id).exists()
        )


def _letter(event: QuestionEvent, person: User, rated: Feedback | None) -> Letter:
    question = event.question
    page = reverse("admin:services_question_page", args=[question.pk])
    context = {
        "event": event,
        "rated": rated,
        "question": question,
        "person": person,
        "page": f"{settings.SITE_URL}{page}" if settings.SITE_URL else "",
    }
    title = question.number if question.is_confidential else question.title
    told = {"what": event.get_kind_display(), "title": title}
    return Letter(
        f"{KIND}:{event.pk}:{person.pk}",
        person,
        _("%(what)s: %(title)s") % told,
        render_to_string("services/mail/notice.txt", context),
        kind=KIND,
    )
