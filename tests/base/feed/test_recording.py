"""A change is on record exactly when its write is, whichever door the write came through."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import models, transaction
from django.utils import timezone

from chains.models import AnnualTarget, Chain, Metric, Outpost, Segment
from kfq_crm.base import concurrency, feed
from kfq_crm.base.models import Change, ChangeKind, User
from leads.actions.contracts import add_commitment
from leads.actions.enterprises import update_enterprise
from leads.actions.landing import open_project
from leads.actions.search import refresh_leads_of
from leads.models import (
    Building,
    ConstructionPermit,
    Contract,
    LandedProject,
    Lead,
    LookBack,
    Milestone,
    ProgressReport,
    StageChange,
)
from leads.progress import months_after
from leads.stages import Stage
from services.models import (
    ApprovalPlan,
    ApprovalStep,
)
from tests.base.feed.published_rows import construction_of, look_back_of, services_of
from tests.cast import Cast
from tests.factories import (
    ChainFactory,
    SegmentFactory,
    UserFactory,
    counted_contract,
    follow_up,
    lead_in,
    log_a_lead,
)

PUBLISHED = sorted(feed.PUBLISHED)


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


@pytest.fixture
def rows(cast: Cast) -> dict[str, models.Model]:
    """A row of every published resource."""
    lead = lead_in(Stage.SIGNED, by=cast.head_a)
    contract = counted_contract(lead)
    promise = {"side": "investor", "metric": "设备投资"}
    project = open_project(contract=contract, by=cast.head_a)
    metric = Metric.objects.create(code="signings", name="签约")
    found: list[models.Model] = [
        cast.chain_a,
        SegmentFactory(chain=cast.chain_a),
        cast.team_a,
        AnnualTarget.objects.create(year=2026, metric=metric, value=5),
        lead.enterprise,
        lead,
        follow_up(lead, by=cast.head_a),
        StageChange.objects.first(),
        contract,
        add_commitment(contract=contract, values=promise, by=cast.head_a),
        project,
        Milestone.objects.first(),
        *construction_of(project, cast.head_a),
        *look_back_of(contract, cast.head_a),
        *services_of(project, lead, cast),
    ]
    return {feed.resource_of(type(row)): type(row).objects.get(pk=row.pk) for row in found}


def told(row: models.Model) -> list[str]:
    """Kinds of the changes of a row, oldest first."""
    changes = Change.objects.filter(resource=feed.resource_of(type(row)), object_id=row.pk)
    return list(changes.order_by("pk").values_list("kind", flat=True))


WORDS = (
    *("source", "summary", "name", "title", "task", "conclusion"),
    *("evidence", "reason", "metric", "number"),
)


def writable(row: models.Model) -> str:
    """A text column of the row that anything may stand in."""
    free = {
        field.name
        for field in row._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField) and not field.choices
    }
    for name in WORDS:
        if name in free:
            return name
    raise AssertionError(row)


Door = Callable[[Any, str], object]
DOORS: dict[str, Door] = {
    "save": lambda row, name: row.save(),
    "save of fields": lambda row, name: row.save(update_fields=[name]),
    "update": lambda row, name: type(row).objects.filter(pk=row.pk).update(**{name: "改"}),
    "bulk_update": lambda row, name: type(row).objects.bulk_update([row], [name]),
    "base manager": lambda row, name: (
        type(row)._base_manager.filter(pk=row.pk).update(**{name: "改"})
    ),
    "update_or_create": lambda row, name: type(row).objects.update_or_create(
        pk=row.pk, defaults={name: "改"}
    ),
}


def test_every_way_to_change_any_row_is_recorded_once(rows: dict[str, models.Model]) -> None:
    found = {}
    for resource, row in rows.items():
        for door, change in DOORS.items():
            Change.objects.all().delete()
            change(row, writable(row))
            found[resource, door] = told(row)
    assert set(rows) == set(PUBLISHED)
    assert {place: kinds for place, kinds in found.items() if kinds != ["updated"]} == {}


def test_making_and_deleting_any_row_is_recorded(rows: dict[str, models.Model]) -> None:
    """The deletion with who saw the row: otherwise nobody could be told whose row is gone."""
    for resource, row in rows.items():
        _make_and_delete(resource, row)


def _make_and_delete(resource: str, row: models.Model) -> None:
    copy = type(row).objects.get(pk=row.pk)
    copy.pk = None
    copy._state.adding = True
    for field in row._meta.concrete_fields:
        if field.unique and not field.primary_key:
            setattr(copy, field.attname, _another(field, row))
    Change.objects.all().delete()
    with transaction.atomic():
        _make_room(copy)
        copy.save(force_insert=True)
        pk = copy.pk
        copy.delete()
    changes = Change.objects.filter(resource=resource, object_id=pk).order_by("pk")
    assert [change.kind for change in changes] == ["created", "deleted"], resource
    assert changes[1].audience_before, resource


def _another(field: Any, row: models.Model) -> Any:
    if field.is_relation and field.name == "group":
        return field.related_model.objects.create(name="另一个").pk
    if field.is_relation and field.name == "chain":
        return ChainFactory().pk
    return None if field.null else f"{getattr(row, field.attname)}-2"


OTHERWISE: dict[type[models.Model], Callable[[Any], dict[str, object]]] = {
    Segment: lambda _row: {"code": "other", "name": "另一段"},
    AnnualTarget: lambda row: {"year": row.year + 1},
    Milestone: lambda _row: {"kind": "full"},
    LandedProject: lambda _row: {"source": "报告"},
    Contract: lambda _row: {"counted": False},
    ConstructionPermit: lambda _row: {"number": "另一号"},
    Building: lambda _row: {"name": "另一幢"},
    ProgressReport: lambda row: {"month": months_after(row.month, 1)},
    LookBack: lambda row: {"number": row.number + 1},
    ApprovalPlan: lambda _row: {
        "state": "stopped",
        "closed_on": timezone.localdate(),
        "close_reason": "重做",
    },
    ApprovalStep: lambda _row: {"code": "other"},
}


def _make_room(copy: Any) -> None:
    """Past the constraints that allow one row only."""
    if isinstance(copy, Milestone):
        Milestone.objects.filter(project=copy.project_id, kind="full").delete()
    for name, value in OTHERWISE.get(type(copy), lambda _row: {})(copy).items():
        setattr(copy, name, value)


@pytest.mark.django_db(transaction=True)
def test_a_write_outside_a_transaction_is_refused() -> None:
    """Its change could be lost, or stand without it."""
    for kind in feed.PUBLISHED.values():
        model: Any = kind.model
        column = writable(model())
        with pytest.raises(transaction.TransactionManagementError):
            model().save()
        with pytest.raises(transaction.TransactionManagementError):
            model.objects.update(**{column: "改"})
        with pytest.raises(transaction.TransactionManagementError):
            model.objects.bulk_create([model()])


def test_bulk_create_records_each_row(cast: Cast) -> None:
    made = Segment.objects.bulk_create(
        Segment(chain=cast.chain_a, code=f"s{n}", name=f"环节{n}") for n in range(3)
    )
    assert [told(row) for row in made] == [["created"]] * 3


def test_bulk_create_that_hides_what_it_wrote_is_refused(cast: Cast) -> None:
    with pytest.raises(NotImplementedError):
        Chain.objects.bulk_create([Chain(code="x", name="x")], ignore_conflicts=True)


def test_rows_written_through_a_relation_are_recorded(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    talk = follow_up(log_a_lead(by=cast.member_a), by=cast.member_a)
    Change.objects.all().delete()
    lead.follow_ups.add(talk)
    assert told(talk) == [ChangeKind.UPDATED]
    lead.follow_ups.update(summary="改")
    assert told(talk) == [ChangeKind.UPDATED] * 2


def test_deleting_a_set_records_each_row(cast: Cast) -> None:
    segments = SegmentFactory.create_batch(2, chain=cast.chain_a)
    pks = [segment.pk for segment in segments]
    Segment.objects.filter(pk__in=pks).delete()
    gone = Change.objects.filter(resource="segments", kind=ChangeKind.DELETED)
    assert sorted(gone.values_list("object_id", flat=True)) == pks


def test_change_names_the_person_who_wrote(person: User) -> None:
    with transaction.atomic():
        chain = concurrency.create(Chain(code="x", name="x", kind="core"), by=person)
    assert Change.objects.get().changed_by == person
    assert told(chain) == [ChangeKind.CREATED]


def test_action_that_writes_a_row_once_leaves_one_change(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    Change.objects.all().delete()
    talk = follow_up(lead, by=cast.member_a)
    changes = Change.objects.order_by("pk").values_list("resource", "object_id", "kind")
    assert sorted(changes) == [
        ("follow-ups", talk.pk, "created"),
        ("leads", lead.pk, "updated"),
    ]


def test_search_words_are_no_change(cast: Cast) -> None:
    """They follow from what is recorded, and nobody is shown them."""
    lead = log_a_lead(by=cast.member_a)
    Change.objects.all().delete()
    refresh_leads_of(lead.enterprise)
    assert not Change.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_rollback_leaves_no_change() -> None:
    with transaction.atomic():
        chain = ChainFactory()
        Change.objects.all().delete()

    def fail_after_saving() -> None:
        with transaction.atomic():
            concurrency.save(chain, by=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_saving()
    assert not Change.objects.exists()
    chain.refresh_from_db()
    assert chain.version == 1


# --- What rows show of others ---------------------------------------------------------------


def changed(resource: str) -> set[int]:
    return set(Change.objects.filter(resource=resource).values_list("object_id", flat=True))


def test_new_name_of_a_company_changes_the_leads_that_show_it(cast: Cast) -> None:
    lead, _other = log_a_lead(by=cast.member_a), log_a_lead(by=cast.member_a)
    Change.objects.all().delete()
    update_enterprise(
        enterprise=lead.enterprise,
        values={"name": "江苏新名称有限公司"},
        by=cast.coordinator,
        expected=None,
    )
    assert changed("leads") == {lead.pk}


def test_remark_on_a_company_changes_no_lead(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    Change.objects.all().delete()
    update_enterprise(
        enterprise=lead.enterprise, values={"note": "备注"}, by=cast.coordinator, expected=None
    )
    assert changed("enterprises") == {lead.enterprise_id}
    assert changed("leads") == set()


def test_new_title_of_a_lead_changes_what_hangs_on_it(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    talk = follow_up(lead, by=cast.member_a)
    Change.objects.all().delete()
    Lead.objects.filter(pk=lead.pk).update(title="新题目")
    assert changed("follow-ups") == {talk.pk}
    assert changed("stage-changes") == {lead.stage_changes.get().pk}


def test_persons_new_name_changes_their_leads(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    Change.objects.all().delete()
    cast.member_a.display_name = "新名字"
    cast.member_a.save()
    assert changed("leads") == {lead.pk}
    Change.objects.all().delete()
    cast.member_a.save()
    assert not Change.objects.exists()


def test_segment_that_moves_changes_the_trees_of_both_chains(cast: Cast) -> None:
    segment = SegmentFactory(chain=cast.chain_a)
    assert cast.chain_a.pk in changed("chains")
    Change.objects.all().delete()
    segment.chain = cast.chain_b
    segment.save()
    assert changed("chains") == {cast.chain_a.pk, cast.chain_b.pk}
    Change.objects.all().delete()
    segment.delete()
    assert changed("chains") == {cast.chain_b.pk}


def test_outposts_of_a_team_are_part_of_it(cast: Cast) -> None:
    outpost = Outpost.objects.create(name="深圳驻点", city="深圳")
    Change.objects.all().delete()
    outpost.teams.add(cast.team_a)
    assert changed("teams") == {cast.team_a.pk}
    Change.objects.all().delete()
    outpost.city = "广州"
    outpost.save()
    assert changed("teams") == {cast.team_a.pk}
    Change.objects.all().delete()
    outpost.delete()
    assert changed("teams") == {cast.team_a.pk}
