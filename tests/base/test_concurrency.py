"""No silent overwrite, with one connection and with two."""

import pytest
from django.db import connection, transaction

from chains.models import Chain, ChainPolicy
from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.models import User
from tests.factories import ChainFactory, UserFactory
from tests.threads import at_once

ROUNDS = 5


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


@pytest.fixture
def policy(person: User) -> ChainPolicy:
    with transaction.atomic():
        return concurrency.create(ChainPolicy(chain=ChainFactory(), title="政策"), by=person)


def rename(policy: ChainPolicy, title: str, expected: int | None, by: User) -> ChainPolicy:
    with transaction.atomic():
        locked = concurrency.lock(ChainPolicy.objects.all(), policy.pk, expected)
        locked.title = title
        return concurrency.save(locked, by=by)


def test_create_starts_at_revision_one(policy: ChainPolicy) -> None:
    assert policy.version == 1


def test_save_raises_the_revision(policy: ChainPolicy, person: User) -> None:
    saved = rename(policy, "新政策", 1, person)
    policy.refresh_from_db()
    assert (policy.title, policy.version, saved.version) == ("新政策", 2, 2)


def test_save_of_named_fields_leaves_the_others(policy: ChainPolicy, person: User) -> None:
    policy.title, policy.summary = "不存", "存"
    with transaction.atomic():
        concurrency.save(policy, by=person, fields={"summary"})
    policy.refresh_from_db()
    assert (policy.title, policy.summary, policy.version) == ("政策", "存", 2)


def test_touch_raises_the_revision_of_an_open_form(policy: ChainPolicy, person: User) -> None:
    with transaction.atomic():
        concurrency.touch(policy, by=person)
    with pytest.raises(VersionConflict):
        rename(policy, "旧页面", 1, person)


def test_lock_tells_what_is_stored_now(policy: ChainPolicy, person: User) -> None:
    rename(policy, "先到", 1, person)
    with pytest.raises(VersionConflict) as conflict:
        rename(policy, "后到", 1, person)
    assert conflict.value.instance.title == "先到"
    assert conflict.value.expected == 1
    policy.refresh_from_db()
    assert policy.title == "先到"


def test_lock_without_expectation_only_locks(policy: ChainPolicy, person: User) -> None:
    rename(policy, "一", 1, person)
    assert rename(policy, "二", None, person).version == 3


def test_lock_does_not_find_a_hidden_row(policy: ChainPolicy) -> None:
    with transaction.atomic(), pytest.raises(ChainPolicy.DoesNotExist):
        concurrency.lock(ChainPolicy.objects.none(), policy.pk)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("title", "长" * 201, "max_length"),
        ("title", "", "blank"),
        ("title", None, "null"),
        ("valid_until", "没有日期", "invalid"),
        ("chain", None, "blank"),
    ],
)
def test_create_refuses_at_its_field_what_a_column_cannot_hold(
    person: User, field: str, value: object, code: str
) -> None:
    values = {"chain": ChainFactory(), "title": "政策"} | {field: value}
    record = ChainPolicy(**{k: v for k, v in values.items() if k != "chain" or v})
    with transaction.atomic(), pytest.raises(RuleViolation) as refused:
        concurrency.create(record, by=person)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_save_refuses_a_choice_that_does_not_exist(person: User) -> None:
    chain = ChainFactory()
    chain.kind = "bogus"
    with transaction.atomic(), pytest.raises(RuleViolation) as refused:
        concurrency.save(chain, by=person)
    assert refused.value.field == "kind"
    assert Chain.objects.get().version == 1


@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_saves_end_in_one_save_and_one_conflict() -> None:
    person = UserFactory()
    with transaction.atomic():
        policy = concurrency.create(ChainPolicy(chain=ChainFactory(), title="零"), by=person)
    for version in range(1, ROUNDS + 1):
        outcomes = at_once(
            lambda seen=version: rename(policy, "甲", seen, person),
            lambda seen=version: rename(policy, "乙", seen, person),
        )
        conflicts = [o for o in outcomes if isinstance(o, VersionConflict)]
        saved = [o for o in outcomes if isinstance(o, ChainPolicy)]
        assert (len(conflicts), len(saved)) == (1, 1), outcomes
        policy.refresh_from_db()
        assert (policy.title, policy.version) == (saved[0].title, version + 1)
        assert conflicts[0].instance.title == saved[0].title


@pytest.mark.django_db(transaction=True)
def test_simultaneous_saves_without_expectation_lose_no_revision() -> None:
    person = UserFactory()
    with transaction.atomic():
        policy = concurrency.create(ChainPolicy(chain=ChainFactory(), title="零"), by=person)
    outcomes = at_once(*(lambda n=n: rename(policy, f"第{n}次", None, person) for n in range(4)))
    assert not [o for o in outcomes if isinstance(o, Exception)], outcomes
    policy.refresh_from_db()
    assert policy.version == 5


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_locked_row_can_be_pointed_to_by_others() -> None:
    """Otherwise whoever changes a company and whoever claims it would wait for each other."""
    chain = ChainFactory()

    def insert_without_waiting() -> ChainPolicy:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        return ChainPolicy.objects.create(chain=chain, title="政策")

    with transaction.atomic():
        concurrency.lock(Chain.objects.all(), chain.pk)
        (outcome,) = at_once(insert_without_waiting)
    assert isinstance(outcome, ChainPolicy), outcome
