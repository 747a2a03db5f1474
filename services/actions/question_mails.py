"""What the enterprise is written: taken in, not taken up, answered, fed back. Through the outbox.

In the site's language, to the address that the asker gave; without one nobody is written to and
the question's page says so. The words hold no name of another enterprise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from kfq_crm.base.mail import Outsider, enqueue
from services.models import Source
from services.signed_links import are_sent, asking_address, rating_address

if TYPE_CHECKING:
    from kfq_crm.base.models import OutgoingMail
    from services.models import Feedback, Question

KIND = "question"


def confirm_intake(question: Question) -> OutgoingMail | None:
    """That it is on record, under which number, and by when what happens."""
    told = {"asking": _asking(question), "is_rated": are_sent()}
    return _write(question, "taken_in", told)


def tell_declined(question: Question, reason: str) -> OutgoingMail | None:
    return _write(question, "declined", {"reason": reason})


def tell_answer(question: Question, answer: str) -> OutgoingMail | None:
    return _write(question, "answered", {"answer": answer})


def tell_feedback(feedback: Feedback) -> OutgoingMail | None:
    """The outcome, with the signed link by which it is rated."""
    rating = rating_address(feedback) if are_sent() else ""
    told = {"feedback": feedback, "rating": rating}
    return _write(feedback.question, "fed_back", told)


def _asking(question: Question) -> str:
    """Their own link, where they asked through it: there they see how it stands."""
    if question.source != Source.LINK or question.link is None or not are_sent():
        return ""
    return asking_address(question.link)


def _write(question: Question, name: str, told: dict[str, Any]) -> OutgoingMail | None:
    if not question.contact_email:
        return None
    context = {"question": question, "enterprise": question.enterprise, **told}
    with translation.override(settings.LANGUAGE_CODE):
        subject = render_to_string(f"services/mail/{name}_subject.txt", context)
        text = render_to_string(f"services/mail/{name}_body.txt", context)
    return enqueue(
        f"{KIND}:{question.pk}:{question.round}:{name}",
        recipient=Outsider(
            question.contact_name or question.enterprise.name, question.contact_email
        ),
        subject=subject,
        text=text,
        kind=f"{KIND}:{name}",
    )
