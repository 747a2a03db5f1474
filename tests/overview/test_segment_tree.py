"""The tree of segments: read by all, changed by the office, never a circle."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chains.actions.lists import save_segment
from chains.models import Segment
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User
from tests.cast import Cast
from tests.factories import SegmentFactory
from tests.overview.pages import open_page

Queries = Callable[..., Any]
TREE = "/admin/segments/"


@pytest.fixture
def outer(cast: Cast) -> Segment:
    return SegmentFactory(chain=cast.chain_a, name="发动机", order=1)


@pytest.fixture
def inner(cast: Cast, outer: Segment) -> Segment:
    return SegmentFactory(chain=cast.chain_a, name="叶片", parent=outer, order=1)


def send(client: Client, who: User, query: str, **data: Any) -> Any:
    client.force_login(who)
    data = {"name": "", "parent": "", "position": "", "source": "", "expected": "", **data}
    return client.post(f"{TREE}?{query}", data)


def save(client: Client, who: User, segment: Segment, **data: Any) -> Any:
    segment.refresh_from_db()
    stored = {
        "name": segment.name,
        "parent": segment.parent_id or "",
        "position": segment.position,
        "source": segment.source,
        "expected": segment.version,
    }
    return send(client, who, f"segment={segment.pk}", **{**stored, **data})


def test_tree_shows_every_chain_to_everybody(client: Client, cast: Cast, inner: Segment) -> None:
    for who in (cast.member_a, cast.member_b, cast.chain_leader_a, cast.coordinator):
        trees = open_page(client, who, TREE).context["trees"]
        assert [tree["chain"] for tree in trees] == [cast.chain_a, cast.chain_b]
        (root,) = trees[0]["roots"]
        assert root.inner == [inner]


def test_person_without_rights_sees_no_tree(client: Client, cast: Cast) -> None:
    assert open_page(client, cast.outsider, TREE).status_code == 403


def test_readers_get_no_form(client: Client, cast: Cast, outer: Segment) -> None:
    page = open_page(client, cast.head_a, TREE, segment=outer.pk)
    assert page.context["form"] is None
    assert open_page(client, cast.coordinator, TREE, segment=outer.pk).context["form"]


@pytest.mark.parametrize("who", ["member_a", "head_a", "chain_leader_a", "outsider"])
def test_others_change_nothing(client: Client, cast: Cast, outer: Segment, who: str) -> None:
    assert save(client, getattr(cast, who), outer, name="改名").status_code == 403
    step = reverse("admin:segment_step", args=[outer.pk])
    assert client.post(step, {"step": "up"}).status_code == 403
    outer.refresh_from_db()
    assert outer.name == "发动机"


def test_segment_is_renamed(client: Client, cast: Cast, outer: Segment) -> None:
    assert save(client, cast.coordinator, outer, name="航空发动机").status_code == 302
    outer.refresh_from_db()
    assert (outer.name, outer.version) == ("航空发动机", 2)


def test_place_that_a_person_gives_is_no_inference(
    client: Client, cast: Cast, outer: Segment
) -> None:
    Segment.objects.filter(pk=outer.pk).update(position="upstream", position_inferred=True)
    save(client, cast.coordinator, outer, name="航空发动机")
    outer.refresh_from_db()
    assert outer.position_inferred
    save(client, cast.coordinator, outer, position="midstream")
    outer.refresh_from_db()
    assert not outer.position_inferred


def test_segment_is_added_with_a_code_of_its_own(
    client: Client, cast: Cast, outer: Segment
) -> None:
    for name in ("燃烧室", "燃烧 室"):
        query = f"chain={cast.chain_a.pk}&under={outer.pk}"
        response = send(client, cast.coordinator, query, name=name, parent=outer.pk)
        assert response.status_code == 302
    codes = Segment.objects.filter(parent=outer).values_list("code", flat=True)
    assert list(codes) == ["ranshaoshi", "ranshaoshi-2"]


def test_form_of_a_new_segment_proposes_its_parent(
    client: Client, cast: Cast, outer: Segment
) -> None:
    page = open_page(client, cast.coordinator, TREE, chain=cast.chain_a.pk, under=outer.pk)
    assert page.context["form"].initial["parent"] == outer.pk


def test_name_that_stands_there_is_refused(client: Client, cast: Cast, inner: Segment) -> None:
    response = send(
        client, cast.coordinator, f"chain={cast.chain_a.pk}", name="叶片", parent=inner.parent_id
    )
    assert response.context["form"].errors["name"]
    assert Segment.objects.count() == 2


def test_segment_is_moved_with_what_lies_inside(
    client: Client, cast: Cast, outer: Segment, inner: Segment
) -> None:
    other = SegmentFactory(chain=cast.chain_a, name="飞行器零部件")
    assert save(client, cast.coordinator, outer, parent=other.pk).status_code == 302
    inner.refresh_from_db()
    assert inner.parent == outer
    assert Segment.objects.get(pk=outer.pk).parent == other


def test_circle_is_refused_at_the_field(
    client: Client, cast: Cast, outer: Segment, inner: Segment
) -> None:
    for parent in (outer, inner):
        response = save(client, cast.coordinator, outer, parent=parent.pk)
        assert response.context["form"].errors["parent"]
    outer.refresh_from_db()
    assert outer.parent is None


def test_parent_of_another_chain_is_no_choice(client: Client, cast: Cast, outer: Segment) -> None:
    foreign = SegmentFactory(chain=cast.chain_b, name="膜材料")
    response = save(client, cast.coordinator, outer, parent=foreign.pk)
    assert response.context["form"].errors["parent"]
    with pytest.raises(RuleViolation) as refused:
        save_segment(segment=outer, values={"parent": foreign}, by=cast.coordinator)
    assert refused.value.code == "other_chain"


def test_outdated_form_changes_nothing(client: Client, cast: Cast, outer: Segment) -> None:
    save(client, cast.coordinator, outer, name="航空发动机")
    response = save(client, cast.coordinator, outer, name="火箭发动机", expected=1)
    assert response.status_code == 302
    outer.refresh_from_db()
    assert outer.name == "航空发动机"


def test_form_without_a_revision_is_refused(client: Client, cast: Cast, outer: Segment) -> None:
    response = save(client, cast.coordinator, outer, name="火箭发动机", expected="")
    assert response.context["form"].non_field_errors()


def names(cast: Cast) -> list[str]:
    rows = Segment.objects.filter(chain=cast.chain_a, parent=None).order_by("order", "pk")
    return list(rows.values_list("name", flat=True))


def test_segments_change_places(client: Client, cast: Cast, outer: Segment) -> None:
    SegmentFactory(chain=cast.chain_a, name="无人机", order=1)
    last = SegmentFactory(chain=cast.chain_a, name="总装", order=9)
    client.force_login(cast.coordinator)
    step = reverse("admin:segment_step", args=[last.pk])
    assert client.post(step, {"step": "up"}).status_code == 302
    assert names(cast) == ["发动机", "总装", "无人机"]
    client.post(step, {"step": "up"})
    client.post(step, {"step": "up"})
    assert names(cast) == ["总装", "发动机", "无人机"]
    client.post(step, {"step": "down"})
    client.post(step, {"step": "sideways"})
    assert names(cast) == ["发动机", "总装", "无人机"]


def test_places_change_by_post_only(client: Client, cast: Cast, outer: Segment) -> None:
    step = reverse("admin:segment_step", args=[outer.pk])
    assert open_page(client, cast.coordinator, step).status_code == 405


@pytest.mark.parametrize("query", ["segment=0", "segment=x", "chain=0", "chain=x"])
def test_what_does_not_exist_is_not_found(client: Client, cast: Cast, query: str) -> None:
    client.force_login(cast.coordinator)
    assert client.get(f"{TREE}?{query}").status_code == 404


@pytest.mark.parametrize("number", [1, 50])
def test_tree_takes_the_same_queries(
    client: Client, cast: Cast, django_assert_num_queries: Queries, number: int
) -> None:
    parent = None
    for place in range(number):
        parent = SegmentFactory(chain=cast.chain_a, parent=parent if place % 5 else None)
    client.force_login(cast.member_a)
    with django_assert_num_queries(8):
        client.get(TREE)


def test_models_list_and_form_are_the_tree(client: Client, cast: Cast, outer: Segment) -> None:
    listed = open_page(client, cast.member_a, reverse("admin:chains_segment_changelist"))
    assert listed.url == TREE
    address = reverse("admin:chains_segment_change", args=[outer.pk])
    assert open_page(client, cast.member_a, address).url == f"{TREE}?segment={outer.pk}"
