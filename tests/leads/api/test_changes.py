"""The change feed as each reader sees it: all of what is theirs, and no trace of the rest."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chains.models import Segment
from kfq_crm.base import feed
from kfq_crm.base.models import AccessEntry, Change, User
from leads.actions.pipeline import update_lead
from leads.actions.reassign import reassign_leads
from leads.models import Enterprise, Lead
from leads.stages import Stage
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.factories import SegmentFactory, an_enterprise, follow_up, lead_in, log_a_lead
from tests.replica import places, replica_of

COST = 15  # statements of a page, whatever its length
SECRET = {"confidential": True, "code_name": "代号"}


@pytest.fixture
def everything(cast: Cast, client_of: ClientOf) -> Program:
    """Whoever sees all leads, the confidential ones as well."""
    permission = Permission.objects.get(codename="read_confidential_leads")
    cast.coordinator.user_permissions.add(permission)
    return client_of(User.objects.get(pk=cast.coordinator.pk))


def a_bare_lead(owner: User, **values: Any) -> Lead:
    """Without a claim, as no action would log it for a company that is taken."""
    people = {"owner": owner, "logged_by": owner}
    return Lead.objects.create(title="x", source="visit", **people, **values)


def update(lead: Lead, *, by: User, **values: Any) -> None:
    update_lead(lead=lead, values=values, by=by, expected=None)


# --- A copy that keeps in step --------------------------------------------------------------


def test_copy_keeps_in_step_with_the_lists(cast: Cast, client_of: ClientOf) -> None:
    lead = lead_in(Stage.NEGOTIATING, by=cast.member_a)
    copy = replica_of(client_of(cast.member_a))
    assert copy.rows == copy.truth()
    follow_up(lead, by=cast.member_a)
    lead_in(Stage.SIGNED, by=cast.head_a)
    update(lead, by=cast.member_a, title="新题目")
    SegmentFactory(chain=cast.chain_a)
    copy.poll(limit=3)
    assert copy.rows == copy.truth()
    assert ("leads", lead.pk) in copy.rows
    assert copy.snapshots == 1


def test_entry_holds_the_row_as_its_list_shows_it(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    copy = replica_of(program)
    lead = log_a_lead(by=cast.member_a)
    entries = {(e["resource"], e["id"]): e for e in copy.poll()}
    entry = entries["leads", lead.pk]
    assert entry["data"] == program.rows("/leads/")[0]
    assert (entry["kind"], set(entry)) == (
        "upsert",
        {"resource", "id", "kind", "recorded_at", "data"},
    )


def test_who_sees_everything_is_told_every_number_once(cast: Cast, everything: Program) -> None:
    start = feed.position()[1]
    copy = replica_of(everything)
    for number in range(3):
        lead = log_a_lead(by=cast.member_b, **(SECRET if number else {}))
        follow_up(lead, by=cast.member_b)
    segment = SegmentFactory(chain=cast.chain_a)
    segment.delete()
    copy.poll(limit=4)
    assert copy.numbers == list(range(start + 1, feed.position()[1] + 1))
    assert copy.rows == copy.truth()


def test_applying_changes_twice_does_no_harm(cast: Cast, client_of: ClientOf) -> None:
    copy = replica_of(client_of(cast.member_a))
    begun = copy.cursor
    lead = log_a_lead(by=cast.member_a)
    copy.poll()
    copy.cursor = begun
    assert ("upsert", "leads", lead.pk) in places(copy.poll())
    assert copy.rows == copy.truth()


def test_deleted_row_is_a_tombstone(cast: Cast, client_of: ClientOf) -> None:
    segment = SegmentFactory(chain=cast.chain_a)
    copy = replica_of(client_of(cast.member_a))
    pk = segment.pk
    segment.delete()
    assert ("tombstone", "segments", pk) in places(copy.poll())
    assert copy.rows == copy.truth()


# --- What is not the reader's ---------------------------------------------------------------


def test_work_of_another_team_leaves_no_trace(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    copy = replica_of(program)
    before = program.ask("/changes/", after=copy.cursor).content
    beginning = program.ask("/changes/").content
    for secret in ({}, SECRET):
        lead = log_a_lead(by=cast.member_b, **secret)
        follow_up(lead, by=cast.member_b)
    assert Change.objects.filter(resource="leads", object_id=lead.pk).exists()
    assert program.ask("/changes/", after=copy.cursor).content == before
    assert program.ask("/changes/").content == beginning


def test_hidden_lead_of_a_company_that_everybody_knows_leaves_no_trace(
    cast: Cast, client_of: ClientOf
) -> None:
    """Who sees the company is another question than it was; not for this reader."""
    company = log_a_lead(by=cast.member_a).enterprise
    Enterprise.objects.filter(pk=company.pk).update(is_public=True)
    copy = replica_of(client_of(cast.member_a))
    a_bare_lead(cast.member_b, enterprise=company, chain=cast.chain_b, **SECRET)
    assert Change.objects.filter(resource="leads").count() > 1
    assert copy.poll() == []


def test_reader_without_everything_gets_no_numbers(cast: Cast, client_of: ClientOf) -> None:
    copy = replica_of(client_of(cast.coordinator))
    log_a_lead(by=cast.member_a)
    assert not any("number" in entry for entry in copy.poll())


def test_mayors_office_gets_open_leads_without_personal_data(
    cast: Cast, mayors_office: Program
) -> None:
    copy = replica_of(mayors_office)
    lead = log_a_lead(by=cast.member_a, referrer="张三")
    log_a_lead(by=cast.member_a, **SECRET)
    follow_up(lead, by=cast.member_a, their_people="王经理")
    told = copy.poll()
    assert {e["id"] for e in told if e["resource"] == "leads"} == {lead.pk}
    assert copy.rows == copy.truth()
    assert "张三" not in str(told)
    assert "王经理" not in str(told)
    assert not AccessEntry.objects.filter(kind="api_read").exists()


def test_reading_personal_data_is_on_record(cast: Cast, client_of: ClientOf) -> None:
    copy = replica_of(client_of(cast.member_a))
    lead = log_a_lead(by=cast.member_a)
    follow_up(lead, by=cast.member_a, their_people="王经理")
    AccessEntry.objects.all().delete()
    copy.poll()
    subjects = AccessEntry.objects.filter(kind="api_read").values_list("subject", flat=True)
    assert list(subjects) == ["api.changes"]


def test_owner_without_the_right_to_a_model_hears_nothing_of_it(
    cast: Cast, client_of: ClientOf
) -> None:
    program = client_of(cast.outsider)
    start = program.ask("/changes/").json()
    assert start["resources"] == {}
    log_a_lead(by=cast.member_a)
    SegmentFactory(chain=cast.chain_a)
    assert program.ask("/changes/", after=start["as_of"]).json()["results"] == []


# --- Lost and gained ------------------------------------------------------------------------


def of_lead(lead: Lead) -> set[tuple[str, int]]:
    """The lead and all that is seen with it."""
    return {
        ("leads", lead.pk),
        ("enterprises", lead.enterprise_id),
        *(("follow-ups", pk) for pk in lead.follow_ups.values_list("pk", flat=True)),
        *(("stage-changes", pk) for pk in lead.stage_changes.values_list("pk", flat=True)),
        *(("contracts", pk) for pk in lead.contracts.values_list("pk", flat=True)),
    }


def test_lead_made_confidential_is_taken_away_with_all_that_hangs_on_it(
    cast: Cast, client_of: ClientOf
) -> None:
    lead = lead_in(Stage.SIGNED, by=cast.head_a)
    copies = {
        name: replica_of(client_of(person))
        for name, person in (
            ("colleague", cast.second_member_a),
            ("head", cast.head_a),
            ("office", cast.coordinator),
            ("stranger", cast.member_b),
        )
    }
    assert of_lead(lead) <= copies["colleague"].rows.keys()
    update(lead, by=cast.head_a, **SECRET)
    told = {name: copy.poll() for name, copy in copies.items()}
    gone = {(r, pk) for kind, r, pk in places(told["colleague"]) if kind == "tombstone"}
    assert gone == of_lead(lead)
    assert told["stranger"] == []
    assert all(copy.rows == copy.truth() for copy in copies.values())
    update(lead, by=cast.head_a, confidential=False)
    for copy in copies.values():
        copy.poll()
    assert of_lead(lead) <= copies["colleague"].rows.keys()
    assert all(copy.rows == copy.truth() for copy in copies.values())
    assert {copy.snapshots for copy in copies.values()} == {1}


def test_reader_put_on_and_taken_off_the_list(cast: Cast, client_of: ClientOf) -> None:
    lead = log_a_lead(by=cast.member_a, **SECRET)
    follow_up(lead, by=cast.member_a)
    copy = replica_of(client_of(cast.member_b))
    update(lead, by=cast.member_a, readers=[cast.member_b])
    copy.poll()
    assert of_lead(lead) <= copy.rows.keys()
    assert copy.rows == copy.truth()
    update(lead, by=cast.member_a, readers=[])
    gone = {(r, pk) for kind, r, pk in places(copy.poll()) if kind == "tombstone"}
    assert gone == of_lead(lead)
    assert copy.rows == copy.truth()


def test_secondary_chain_gains_and_loses(cast: Cast, client_of: ClientOf) -> None:
    lead = log_a_lead(by=cast.member_a)
    copy = replica_of(client_of(cast.member_b))
    update(lead, by=cast.member_a, secondary_chains=[cast.chain_b])
    copy.poll()
    assert of_lead(lead) <= copy.rows.keys()
    update(lead, by=cast.member_a, secondary_chains=[])
    copy.poll()
    assert copy.rows == copy.truth()
    assert copy.snapshots == 1


def test_confidential_lead_that_gets_another_owner(cast: Cast, client_of: ClientOf) -> None:
    lead = log_a_lead(by=cast.member_a, **SECRET)
    copies = [replica_of(client_of(p)) for p in (cast.member_a, cast.second_member_a)]
    reassign_leads(leads=[lead], owner=cast.second_member_a, by=cast.head_a)
    told = [copy.poll() for copy in copies]
    assert ("tombstone", "leads", lead.pk) in places(told[0])
    assert ("upsert", "leads", lead.pk) in places(told[1])
    assert all(copy.rows == copy.truth() for copy in copies)


def test_leads_hidden_in_a_set_are_taken_away(cast: Cast, client_of: ClientOf) -> None:
    leads = [log_a_lead(by=cast.member_a) for _ in range(3)]
    copy = replica_of(client_of(cast.second_member_a))
    Lead.objects.filter(chain=cast.chain_a).update(**SECRET)
    gone = {pk for kind, r, pk in places(copy.poll()) if (kind, r) == ("tombstone", "leads")}
    assert gone == {lead.pk for lead in leads}
    assert copy.rows == copy.truth()


def test_first_lead_shows_its_company(cast: Cast, client_of: ClientOf) -> None:
    """Until then another team knew the company alone."""
    theirs = log_a_lead(by=cast.member_b)
    copy = replica_of(client_of(cast.member_a))
    assert ("enterprises", theirs.enterprise_id) not in copy.rows
    a_bare_lead(cast.member_a, enterprise=theirs.enterprise, chain=cast.chain_a)
    copy.poll()
    assert ("enterprises", theirs.enterprise_id) in copy.rows
    assert copy.rows == copy.truth()


def test_first_lead_being_confidential_hides_the_company_that_the_team_registered(
    cast: Cast, client_of: ClientOf
) -> None:
    company = an_enterprise(by=cast.member_a, team=cast.team_a)
    copy = replica_of(client_of(cast.second_member_a))
    assert ("enterprises", company.pk) in copy.rows
    a_bare_lead(cast.member_a, enterprise=company, chain=cast.chain_a, **SECRET)
    assert places(copy.poll()) == [("tombstone", "enterprises", company.pk)]
    assert copy.rows == copy.truth()


# --- Cost -----------------------------------------------------------------------------------


def test_page_costs_the_same_for_one_change_and_for_fifty(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a, scopes=["changes:read"])
    lead = log_a_lead(by=cast.member_a)
    cursor = program.ask("/changes/").json()["as_of"]
    counted = []
    for number in (1, 49):
        for _ in range(number):
            follow_up(lead, by=cast.member_a)
        feed.number_changes()
        program.ask("/changes/", after=cursor, limit=1000)
        with CaptureQueriesContext(connection) as queries:
            told = program.ask("/changes/", after=cursor, limit=1000).json()["results"]
        counted.append((len(told), len(queries)))
    assert counted == [(2, COST), (100, COST)]


def test_segments_of_the_taxonomy_are_open_to_every_team(cast: Cast, client_of: ClientOf) -> None:
    copy = replica_of(client_of(cast.member_b))
    segment = SegmentFactory(chain=cast.chain_a)
    assert ("upsert", "segments", segment.pk) in places(copy.poll())
    Segment.objects.filter(pk=segment.pk).update(name="改名")
    copy.poll()
    assert copy.rows["segments", segment.pk]["name"] == "改名"


def test_serializers_say_what_rows_repeat_of_others() -> None:
    """What the feed watches is read from them: a label that tells of less goes stale in copies."""
    watched = {
        (resource, shown.model.__name__, column)
        for resource, kind in feed.PUBLISHED.items()
        for shown in kind.shows
        for column in shown.columns
    }
    assert {
        ("follow-ups", "Lead", "title"),
        ("follow-ups", "Lead", "confidential"),
        ("follow-ups", "Lead", "code_name"),
        ("leads", "Enterprise", "name"),
        ("leads", "User", "display_name"),
        ("leads", "Chain", "name"),
        ("contracts", "Lead", "enterprise_id"),
        ("contracts", "Enterprise", "name"),
        ("commitments", "Contract", "number"),
        ("landed-projects", "Milestone", "actual_on"),
        ("milestones", "LandedProject", "chain_id"),
        ("teams", "Outpost", "name"),
        ("annual-targets", "Metric", "name"),
        ("chains", "Segment", "name"),
    } <= watched
