"""Mail to people without an account: an enterprise's contact person gets the same promise."""

import pytest
from django.core import mail as sent_mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.mail import Outsider, deliver_due, enqueue
from kfq_crm.base.models import MailState, OutgoingMail
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

SHE = Outsider("周敏", "zhou.min@example.com")


def letter(recipient=SHE, key="question-1"):
    return enqueue(key, recipient=recipient, subject="答复", text="已解决。", kind="question")


def test_a_person_without_an_account_gets_mail() -> None:
    row = letter()
    assert (row.recipient, row.addressee, row.address) == (None, "周敏", "zhou.min@example.com")
    assert row.state == MailState.WAITING


def test_a_second_letter_under_the_key_is_not_recorded() -> None:
    letter()
    assert letter() is None
    assert OutgoingMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_is_delivered_beside_mail_to_staff(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    letter()
    letter(UserFactory(email="staff@example.com"), "question-2")
    deliver_due(timezone.now())
    assert {tuple(one.to) for one in sent_mail.outbox} == {
        ("zhou.min@example.com",),
        ("staff@example.com",),
    }
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {MailState.SENT}


@pytest.mark.parametrize(
    "address",
    ["", "zhou", "zhou@", "a@b.c\r\nBcc: x@y.z", "周敏@example.com", "x@示例.com", "a b@c.de"],
)
def test_an_address_that_is_none_is_refused_at_its_field(address: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        letter(Outsider("周敏", address))
    assert refused.value.field == "email"


def test_a_name_with_line_breaks_stays_one_line() -> None:
    assert letter(Outsider("周敏\r\nBcc: x@y.z", "a@b.cn")).addressee == "周敏 Bcc: x@y.z"


def test_a_message_without_addressee_is_refused_by_the_database() -> None:
    row = letter()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMail.objects.filter(pk=row.pk).update(outside_name="")


def test_staff_read_only_their_own(cast) -> None:
    letter()
    for person in (cast.member_a, cast.coordinator):
        assert not OutgoingMail.objects.visible_to(person).exists()
