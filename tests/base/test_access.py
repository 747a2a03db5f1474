"""The access log: append-only, chained, and honest about what was done to it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction

from kfq_crm.base.access import first_broken_line, record_access
from kfq_crm.base.models import AccessChainHead, AccessEntry, AccessKind, User
from tests.factories import UserFactory
from tests.threads import at_once


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


@pytest.fixture
def lines(person: User) -> list[AccessEntry]:
    return [
        record_access(
            AccessKind.EXPORT,
            by=person,
            subject=f"线索台账 {number}",
            instance=person,
            detail={"rows": number, "ratio": 0.1, "filter": {"chain": "航空航天"}},
            address="10.0.0.1",
        )
        for number in range(1, 5)
    ]


@contextmanager
def without_the_trigger() -> Iterator[None]:
    """What somebody with the keys to the database could do."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE base_accessentry DISABLE TRIGGER base_accessentry_is_final")
        else:
            cursor.execute("DROP TRIGGER base_accessentry_is_final")
    yield


def test_sound_log_has_no_broken_line(lines: list[AccessEntry]) -> None:
    assert [line.number for line in lines] == [1, 2, 3, 4]
    assert first_broken_line() is None


def test_empty_log_has_no_broken_line(db: None) -> None:
    assert first_broken_line() is None


def test_each_line_carries_the_digest_of_the_one_before(lines: list[AccessEntry]) -> None:
    assert lines[0].previous_digest == ""
    assert [line.previous_digest for line in lines[1:]] == [line.digest for line in lines[:3]]


def test_nobody_needs_to_be_signed_in_for_a_refused_sign_in(db: None) -> None:
    record_access(AccessKind.SIGN_IN_FAILED, by=None, subject="somebody", address="10.0.0.9")
    assert first_broken_line() is None


def test_database_refuses_to_change_a_line(lines: list[AccessEntry]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessEntry.objects.filter(number=2).update(subject="别的")
    assert AccessEntry.objects.get(number=2).subject == "线索台账 2"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "别的"),
        ("detail", {"rows": 1}),
        ("address", "10.0.0.2"),
        ("actor", None),
        ("object_id", 0),
        ("kind", AccessKind.REVEAL),
        ("digest", "0" * 64),
    ],
)
def test_tampered_line_is_found(lines: list[AccessEntry], field: str, value: object) -> None:
    with without_the_trigger():
        AccessEntry.objects.filter(number=2).update(**{field: value})
    assert first_broken_line() == 2


def test_removed_line_is_found(lines: list[AccessEntry]) -> None:
    lines[1].delete()
    assert first_broken_line() == 2


def test_lines_removed_from_the_end_are_found(lines: list[AccessEntry]) -> None:
    AccessEntry.objects.filter(number__gt=2).delete()
    assert first_broken_line() == 3


def test_all_lines_and_the_head_put_back_to_an_earlier_state_are_found(
    lines: list[AccessEntry],
) -> None:
    AccessEntry.objects.filter(number=4).delete()
    AccessChainHead.objects.update(last_number=3)
    assert first_broken_line() == 4


def test_log_without_its_head_is_broken(lines: list[AccessEntry]) -> None:
    AccessChainHead.objects.all().delete()
    assert first_broken_line() == 5


@pytest.mark.django_db(transaction=True)
def test_lines_written_at_once_form_one_chain() -> None:
    person = UserFactory()
    outcomes = at_once(
        *(lambda: record_access(AccessKind.REVEAL, by=person, subject="contact") for _ in range(4))
    )
    assert not [o for o in outcomes if isinstance(o, Exception)], outcomes
    assert sorted(AccessEntry.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
    assert first_broken_line() is None
