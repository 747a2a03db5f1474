"""A change is on record exactly when its write is."""

import pytest
from django.db import transaction

from kfq_crm.base import concurrency, feed
from kfq_crm.base.models import Change, ChangeKind, User
from tests.factories import ChainFactory, UserFactory


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


def test_change_names_resource_object_kind_and_person(person: User) -> None:
    chain = ChainFactory()
    feed.record_change(chain, ChangeKind.UPDATED, by=person)
    change = Change.objects.get()
    assert (change.resource, change.object_id) == ("chain", chain.pk)
    assert (change.kind, change.changed_by) == (ChangeKind.UPDATED, person)


def test_change_has_no_number_when_written(person: User) -> None:
    """Committed rows are numbered afterwards: a number given now could be skipped by a reader."""
    assert feed.record_change(ChainFactory(), ChangeKind.CREATED, by=person).number is None


def test_changes_of_a_set_are_recorded_one_each(person: User) -> None:
    chains = ChainFactory.create_batch(3)
    pks = [chain.pk for chain in chains]
    feed.record_changes(type(chains[0]), pks, ChangeKind.DELETED, by=person)
    assert sorted(Change.objects.values_list("object_id", flat=True)) == sorted(pks)


@pytest.mark.django_db(transaction=True)
def test_rollback_leaves_no_change() -> None:
    person, chain = UserFactory(), ChainFactory()

    def fail_after_saving() -> None:
        with transaction.atomic():
            concurrency.save(chain, by=person)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_saving()
    assert not Change.objects.exists()
    chain.refresh_from_db()
    assert chain.version == 1


@pytest.mark.django_db(transaction=True)
def test_change_outside_a_transaction_is_refused() -> None:
    """Alone it could be lost or stand without its write."""
    chain = ChainFactory()
    with pytest.raises(transaction.TransactionManagementError):
        feed.record_change(chain, ChangeKind.UPDATED, by=None)
    with pytest.raises(transaction.TransactionManagementError):
        feed.record_changes(type(chain), [chain.pk], ChangeKind.UPDATED, by=None)
    assert not Change.objects.exists()
