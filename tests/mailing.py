"""Letters for tests of the outbox."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from kfq_crm.base.mail import Letter, enqueue, enqueue_all
from kfq_crm.base.models import OutgoingMail, User
from tests.factories import UserFactory

SMTP = "django.core.mail.backends.smtp.EmailBackend"


def letter_to(person: User, key: str = "k1", **values: Any) -> OutgoingMail:
    texts = {"subject": "今日待办 3 项", "text": "您有 3 条线索逾期。\n请跟进。", **values}
    recorded = enqueue(key, recipient=person, **texts)
    assert recorded
    return recorded


def letters_to(people: list[User]) -> list[OutgoingMail]:
    return enqueue_all([Letter(f"k{p.pk}", p, "待办", "正文", "<p>正文</p>") for p in people])


def people(count: int) -> list[User]:
    return [UserFactory(email=f"p{number}@example.com") for number in range(count)]


def states() -> Counter[str]:
    return Counter(OutgoingMail.objects.values_list("state", flat=True))


def later(**span: float) -> datetime:
    return timezone.now() + timedelta(**span)


def at(text: str) -> datetime:
    """A moment in site time."""
    return timezone.make_aware(datetime.fromisoformat(text))
