"""The stream of a lead: everything once, newest first, in a fixed number of queries."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertNotContains
from pytest_django.fixtures import DjangoAssertNumQueries
from zeal import zeal_context

from leads.actions.files import attach_file
from leads.actions.followups import raise_blocker
from leads.models import Lead
from tests.cast import Cast
from tests.factories import (
    a_contact,
    a_contract,
    days_ago,
    follow_up,
    give_opinion,
    lead_in,
    log_a_lead,
    open_gate,
    screen,
)
from tests.leads.admin.browsing import as_, page, picture

pytestmark = pytest.mark.django_db
MOST_QUERIES = 25


# --- Timeline -------------------------------------------------------------------------------


def test_everything_stands_in_one_stream_newest_first(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=days_ago(9))
    follow_up(lead, by=cast.member_a, occurred_at=days_ago(8))
    screen(lead, by=cast.member_a, judged_on=timezone.localdate(days_ago(7)))
    give_opinion(lead, "land", by=cast.member_a, given_on=timezone.localdate(days_ago(6)))
    a_contract(lead, by=cast.member_a, kind="intent", signed_on=timezone.localdate(days_ago(5)))
    follow_up(lead, by=cast.member_a, occurred_at=days_ago(4))
    attach_file(lead=lead, upload=picture(), by=cast.member_a)
    entries = as_(client, cast.member_a).get(page(lead)).context["stream"].entries
    kinds = ["file", "follow_up", "contract", "opinion", "screening", "follow_up", "move"]
    assert [entry.kind for entry in entries] == kinds
    assert [e.at for e in entries] == sorted((e.at for e in entries), reverse=True)


def test_older_entries_are_reached_page_by_page_each_once(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=days_ago(200))
    moment = days_ago(100)
    for number in range(120):
        # Several at one moment: the cursor must neither lose nor repeat them.
        follow_up(lead, by=cast.member_a, occurred_at=moment + timedelta(hours=number // 4))
    as_(client, cast.member_a)
    seen, before = [], ""
    for _page in range(3):
        stream = client.get(page(lead, **({"before": before} if before else {}))).context["stream"]
        seen += [(entry.kind, entry.record.pk) for entry in stream.entries]
        before = stream.older
    assert len(seen) == len(set(seen)) == 121
    assert before == ""


def test_files_stand_with_their_follow_up(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    attach_file(
        lead=lead, upload=picture(), by=cast.member_a, follow_up=follow_up(lead, by=cast.member_a)
    )
    stream = as_(client, cast.member_a).get(page(lead)).context["stream"]
    assert [len(e.files) for e in stream.entries if e.kind == "follow_up"] == [1]
    assert [e for e in stream.entries if e.kind == "file"] == []


def test_text_of_a_follow_up_is_text(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    follow_up(lead, by=cast.member_a, summary="<script>alert(1)</script>")
    answer = as_(client, cast.member_a).get(page(lead))
    assertNotContains(answer, "<script>alert")


# --- Speed ----------------------------------------------------------------------------------


def test_page_costs_the_same_at_one_and_at_fifty_follow_ups(
    client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    lead = lead_in("negotiating", by=cast.member_a, secondary_chains=[cast.chain_b])
    lead.follow_ups.exclude(pk=lead.follow_ups.first().pk).delete()
    a_contact(lead, by=cast.member_a, team=cast.team_a)
    as_(client, cast.head_a).get(page(lead))  # The session is written once.
    with django_assert_max_num_queries(MOST_QUERIES) as few, zeal_context():
        client.get(page(lead))
    _make_rich(lead, cast)
    with django_assert_max_num_queries(MOST_QUERIES) as many, zeal_context():
        answer = client.get(page(lead))
    assert len(answer.context["stream"].entries) == 50
    assert len(few) == len(many)


def _make_rich(lead: Lead, cast: Cast) -> None:
    """Fifty follow-ups by several people, files, opinions, blockers, contacts."""
    for number in range(49):
        by = (cast.member_a, cast.second_member_a, cast.head_a)[number % 3]
        logged = follow_up(lead, by=by, occurred_at=days_ago(number))
        if number % 10 == 0:
            attach_file(lead=lead, upload=picture(f"{number}.png"), by=by, follow_up=logged)
    open_gate(lead, "review", by=cast.head_a)
    a_contract(lead, by=cast.head_a, kind="intent")
    a_contract(lead, by=cast.head_a, kind="framework")
    for person in (cast.member_a, cast.head_a):
        raise_blocker(
            lead=lead,
            description="岸线",
            owner=person,
            due_on=timezone.localdate(),
            by=cast.member_a,
        )
        a_contact(lead, by=person, team=cast.team_a, name=f"{person}的联系人", phone="")


@pytest.mark.parametrize("tab", ["contracts", "needs", "history"])
def test_other_tabs_stay_within_the_limit(
    client: Client, cast: Cast, tab: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    lead = lead_in("negotiating", by=cast.member_a)
    _make_rich(lead, cast)
    as_(client, cast.head_a).get(page(lead))
    with django_assert_max_num_queries(MOST_QUERIES), zeal_context():
        assert client.get(page(lead, tab=tab)).status_code == 200
