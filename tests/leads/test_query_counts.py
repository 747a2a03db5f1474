"""How many statements a verb costs: pinned, so that a loop over the database is noticed.

The person's permissions are read before, as a page does. Each number holds the savepoint that
a test's own transaction adds, two statements.
"""

from collections.abc import Callable
from typing import Any

import pytest

from kfq_crm.base.models import User
from leads.actions.pipeline import advance_lead
from leads.actions.reassign import reassign_leads
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import follow_up, lead_in, log_a_lead, open_gate, screen

Counter = Callable[[int], Any]


@pytest.fixture
def member(cast: Cast) -> User:
    cast.member_a.has_perm("leads.add_lead")
    return cast.member_a


@pytest.mark.parametrize("on_record", [0, 5])
def test_log_lead(django_assert_num_queries: Counter, member: User, on_record: int) -> None:
    for _ in range(on_record):
        log_a_lead(by=member)
    with django_assert_num_queries(23):
        log_a_lead(by=member)


@pytest.mark.parametrize("on_record", [1, 4])
def test_log_lead_with_contact_at_a_known_company(
    django_assert_num_queries: Counter, member: User, on_record: int
) -> None:
    for number in range(on_record):
        log_a_lead(
            by=member,
            investor="江苏航天信控动力有限公司",
            contact_name="王经理",
            contact_phone=f"1380000000{number}",
        )
    with django_assert_num_queries(28):
        log_a_lead(
            by=member,
            investor="江苏航天信控动力有限公司",
            contact_name="王经理",
            contact_phone="13812345678",
            investment=60000,
        )


@pytest.mark.parametrize("follow_ups", [1, 6])
def test_advance_lead(django_assert_num_queries: Counter, member: User, follow_ups: int) -> None:
    lead = lead_in(Stage.SCREENING, by=member)
    for _ in range(follow_ups):
        open_gate(lead, Stage.NEGOTIATING, by=member)
        screen(lead, by=member)
    with django_assert_num_queries(16):
        advance_lead(lead=lead, by=member)


@pytest.mark.parametrize("before", [0, 6])
def test_log_follow_up(django_assert_num_queries: Counter, member: User, before: int) -> None:
    lead = log_a_lead(by=member)
    for _ in range(before):
        follow_up(lead, by=member)
    with django_assert_num_queries(12):
        follow_up(lead, by=member)


def test_log_follow_up_with_progress(django_assert_num_queries: Counter, member: User) -> None:
    lead = log_a_lead(by=member)
    with django_assert_num_queries(14):
        follow_up(lead, by=member, is_progress=True)


@pytest.mark.parametrize("leads", [1, 4])
def test_reassign_leads(
    django_assert_num_queries: Counter, cast: Cast, member: User, leads: int
) -> None:
    """Four statements a lead, whatever the team asks about once."""
    rows = [log_a_lead(by=member) for _ in range(leads)]
    cast.head_a.has_perm("leads.change_lead")
    with django_assert_num_queries(4 + 4 * leads):
        reassign_leads(leads=rows, owner=cast.second_member_a, by=cast.head_a)
