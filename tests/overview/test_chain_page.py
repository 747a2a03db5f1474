"""The picture of a chain, and all nine on one page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chains.actions.lists import save_record, save_segment, save_target_company
from chains.models import AnchorFirm, Chain, Gap, GapKind, Segment, SegmentLink, TargetCompany
from kfq_crm.overview.queries.chain_map import Node
from leads.actions.pipeline import exit_lead
from leads.models import LandedProject
from leads.stages import Exit
from tests.cast import Cast
from tests.factories import SegmentFactory, log_a_lead
from tests.overview.pages import confidential, open_page

Queries = Callable[..., Any]
OVERVIEW = "/admin/chains-overview/"


def address_of(chain: Chain) -> str:
    return reverse("admin:chain_page", args=[chain.pk])


@pytest.fixture
def segment(cast: Cast) -> Segment:
    return SegmentFactory(chain=cast.chain_a, name="无人机", position="midstream")


@pytest.fixture
def gap(cast: Cast, segment: Segment) -> Gap:
    return a_gap(cast, segment=segment)


def a_gap(cast: Cast, **values: Any) -> Gap:
    values = {
        "chain": cast.chain_a,
        "kind": GapKind.FILL,
        "description": "缺航电系统",
        **values,
    }
    return save_record(record=Gap(), values=values, by=cast.coordinator)


def a_company(cast: Cast, name: str, **values: Any) -> TargetCompany:
    values = {"name": name, "chain": cast.chain_a, **values}
    return save_target_company(company=TargetCompany(), values=values, by=cast.coordinator)


def nodes_of(page: Any) -> dict[str, Node]:
    """Every node of the picture by its segment's name."""
    found: dict[str, Node] = {}

    def walk(nodes: list[Node]) -> None:
        for node in nodes:
            found[node.segment.name] = node
            walk(node.children)

    for _label, nodes in page.context["map"].columns:
        walk(nodes)
    return found


def test_every_chain_is_reached_from_every_other(client: Client, cast: Cast) -> None:
    page = open_page(client, cast.member_b, address_of(cast.chain_a))
    assert page.status_code == 200
    assert f'href="{address_of(cast.chain_b)}"' in page.content.decode()


def test_chain_that_does_not_exist_is_not_found(client: Client, cast: Cast) -> None:
    assert open_page(client, cast.member_a, f"{OVERVIEW}999999/").status_code == 404


def test_person_without_rights_sees_no_chain(client: Client, cast: Cast) -> None:
    assert open_page(client, cast.outsider, address_of(cast.chain_a)).status_code == 403
    assert open_page(client, cast.outsider, OVERVIEW).status_code == 403


def test_columns_run_from_upstream_to_downstream(client: Client, cast: Cast) -> None:
    for name, position in (("总装", "downstream"), ("材料", "upstream"), ("发动机", "midstream")):
        SegmentFactory(chain=cast.chain_a, name=name, position=position)
    columns = open_page(client, cast.member_a, address_of(cast.chain_a)).context["map"].columns
    assert [[node.segment.name for node in nodes] for _label, nodes in columns] == [
        ["材料"],
        ["发动机"],
        ["总装"],
    ]


def test_segment_without_a_place_has_its_own_column(client: Client, cast: Cast) -> None:
    SegmentFactory(chain=cast.chain_a, name="检测", position="")
    columns = open_page(client, cast.member_a, address_of(cast.chain_a)).context["map"].columns
    assert [node.segment.name for node in columns[-1][1]] == ["检测"]
    assert len(columns) == 4


def test_narrower_segments_lie_inside_the_wider(
    client: Client, cast: Cast, segment: Segment
) -> None:
    inner = SegmentFactory(chain=cast.chain_a, name="飞控", parent=segment, position="upstream")
    node = nodes_of(open_page(client, cast.member_a, address_of(cast.chain_a)))["无人机"]
    assert [child.segment for child in node.children] == [inner]
    assert node.children[0].is_elsewhere


def test_leads_are_counted_as_far_as_one_sees_them(
    client: Client, cast: Cast, segment: Segment
) -> None:
    log_a_lead(by=cast.member_a, segment=segment)
    confidential(by=cast.member_a, segment=segment)
    gone = log_a_lead(by=cast.member_a, segment=segment)
    exit_lead(lead=gone, exit=Exit.TRANSFERRED, detail="转其他园区", by=cast.member_a)

    def counted(who: Any) -> int:
        return nodes_of(open_page(client, who, address_of(cast.chain_a)))["无人机"].leads

    seen = {
        name: counted(who) for name, who in cast.people() if name not in {"outsider", "disabled"}
    }
    assert seen == {
        "member_a": 2,
        "second_member_a": 1,
        "head_a": 2,
        "member_b": 0,
        "head_b": 0,
        "coordinator": 1,
        "chain_leader_a": 1,
    }


def test_lead_without_segment_counts_for_the_whole(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a)
    picture = open_page(client, cast.member_a, address_of(cast.chain_a)).context["map"]
    assert picture.whole.leads == 1


def test_anchor_firms_and_projects_stand_in_their_segment(
    client: Client, cast: Cast, segment: Segment
) -> None:
    firm = {"chain": cast.chain_a, "segment": segment, "name": "演示链主"}
    save_record(record=AnchorFirm(), values=firm, by=cast.coordinator)
    project = LandedProject.objects.create(
        name="报告项目", chain=cast.chain_a, segment=segment, source="一.进"
    )
    page = open_page(client, cast.member_a, address_of(cast.chain_a))
    node = nodes_of(page)["无人机"]
    assert ([str(anchor) for anchor in node.anchors], node.projects) == (["演示链主"], 1)
    assert list(page.context["published"]) == [project]


def test_gap_is_marked_by_word_and_sign(client: Client, cast: Cast, gap: Gap) -> None:
    a_gap(cast, kind=GapKind.STRENGTHEN, description="已补齐", closed_on="2025-01-01")
    page = open_page(client, cast.member_a, address_of(cast.chain_a))
    text = page.content.decode()
    assert f'href="?gap={gap.pk}#gap"' in text
    assert "o-gapmark--fill" in text
    assert [str(row) for row in nodes_of(page)["无人机"].gaps] == ["缺航电系统"]
    assert "已补齐" not in text


def test_gap_opens_the_companies_that_would_close_it(
    client: Client, cast: Cast, gap: Gap, segment: Segment
) -> None:
    named = a_company(cast, "演示航电有限公司", gap=gap)
    near = a_company(cast, "演示飞控有限公司", segment=segment)
    other = a_gap(cast, description="缺发动机")
    a_company(cast, "演示发动机有限公司", gap=other)
    page = open_page(client, cast.member_a, address_of(cast.chain_a), gap=gap.pk)
    assert set(page.context["companies"]) == {named, near}


def test_target_companies_are_the_own_teams(client: Client, cast: Cast, gap: Gap) -> None:
    a_company(cast, "演示航电有限公司", gap=gap)
    page = open_page(client, cast.member_b, address_of(cast.chain_a), gap=gap.pk)
    assert page.context["companies"] == []
    assert "演示航电" not in page.content.decode()
    assert nodes_of(page)["无人机"].gaps[0].companies == 0  # type: ignore[attr-defined]  # annotated


@pytest.mark.parametrize("asked", ["0", "x", "99999999", "-1"])
def test_gap_that_does_not_exist_is_not_found(client: Client, cast: Cast, asked: str) -> None:
    page = open_page(client, cast.member_a, address_of(cast.chain_a), gap=asked)
    assert page.status_code == 404


def test_gap_of_another_chain_is_not_found(client: Client, cast: Cast, gap: Gap) -> None:
    page = open_page(client, cast.member_a, address_of(cast.chain_b), gap=gap.pk)
    assert page.status_code == 404


def test_links_lead_to_the_other_chain_from_both_sides(
    client: Client, cast: Cast, segment: Segment
) -> None:
    values = {"from_chain": cast.chain_b, "to_chain": cast.chain_a, "to_segment": segment}
    save_record(record=SegmentLink(), values=values, by=cast.coordinator)
    there = open_page(client, cast.member_a, address_of(cast.chain_a))
    assert [row.from_chain for row in nodes_of(there)["无人机"].links] == [cast.chain_b]
    here = open_page(client, cast.member_b, address_of(cast.chain_b))
    assert [row.to_segment for row in here.context["map"].whole.links] == [segment]


@pytest.mark.parametrize("number", [1, 50])
def test_chain_page_takes_the_same_queries(
    client: Client, cast: Cast, django_assert_num_queries: Queries, number: int
) -> None:
    for place in range(number):
        values = {"chain": cast.chain_a, "name": f"环节{place}", "position": "upstream"}
        segment = save_segment(segment=Segment(), values=values, by=cast.coordinator)
        a_gap(cast, segment=segment, description=f"缺口{place}")
        log_a_lead(by=cast.member_a, segment=segment)
    client.force_login(cast.member_a)
    with django_assert_num_queries(17):
        client.get(address_of(cast.chain_a))


# --- All chains ------------------------------------------------------------------------------


def test_overview_counts_what_one_sees(client: Client, cast: Cast, gap: Gap) -> None:
    log_a_lead(by=cast.member_a)
    log_a_lead(by=cast.member_b)

    def leads_seen(who: Any) -> dict[str, int]:
        page = open_page(client, who, OVERVIEW)
        return {str(card.chain): card.leads for card in page.context["chains"]}

    assert leads_seen(cast.coordinator) == {"航空航天": 1, "新材料": 1}
    assert leads_seen(cast.member_a) == {"航空航天": 1, "新材料": 0}


def test_overview_names_the_teams_that_one_sees(client: Client, cast: Cast) -> None:
    page = open_page(client, cast.member_a, OVERVIEW)
    assert [card.team for card in page.context["chains"]] == [cast.team_a, None]


def test_overview_takes_the_same_queries(
    client: Client, cast: Cast, django_assert_num_queries: Queries
) -> None:
    for _number in range(50):
        log_a_lead(by=cast.member_a)
    client.force_login(cast.coordinator)
    with django_assert_num_queries(11):
        client.get(OVERVIEW)
