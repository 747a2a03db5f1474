"""Chains, segments and teams as programs read them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from zeal import zeal_context

from chains.models import AnchorFirm, Chain, Gap, Segment
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.world import TODAY

pytestmark = pytest.mark.django_db


def test_chains_come_with_the_tree_of_their_segments(cast: Cast, client_of: ClientOf) -> None:
    engines = Segment.objects.create(chain=cast.chain_a, code="engines", name="发动机")
    Segment.objects.create(chain=cast.chain_a, code="blades", name="叶片", parent=engines)
    [chain] = client_of(cast.member_a).rows("/chains/", code="aerospace")
    assert chain["name"] == "航空航天"
    [segment] = chain["segments"]
    assert [below["code"] for below in segment["children"]] == ["blades"]


def test_tree_comes_with_figures_of_what_the_reader_sees(
    cast: Cast, client_of: ClientOf, mayors_office: Program
) -> None:
    engines = Segment.objects.create(chain=cast.chain_a, code="engines", name="发动机")
    AnchorFirm.objects.create(chain=cast.chain_a, segment=engines, name="链主")
    Gap.objects.create(chain=cast.chain_a, kind="fill", description="叶片")
    Gap.objects.create(chain=cast.chain_a, kind="fill", description="轮毂", closed_on=TODAY)
    log_a_lead(by=cast.member_a, segment=engines)
    log_a_lead(by=cast.member_a, segment=engines, confidential=True, code_name="启明")
    seen = {cast.member_a: 2, cast.second_member_a: 1, cast.member_b: 0}
    readers = {client_of(person): number for person, number in seen.items()} | {mayors_office: 1}
    for program, open_leads in readers.items():
        [chain] = program.rows("/chains/", code="aerospace", figures="true")
        figures = {"anchor_firms": 1, "open_leads": open_leads, "landed_projects": 0}
        assert chain["figures"] == {**figures, "open_gaps": 1}
        assert chain["segments"][0]["figures"] == {**figures, "open_gaps": 0}
    [plain] = client_of(cast.member_a).rows("/chains/", code="aerospace")
    assert "figures" not in plain
    assert "figures" not in plain["segments"][0]


@pytest.mark.parametrize("rows", [1, 50])
def test_figures_are_one_query_more(cast: Cast, client_of: ClientOf, rows: int) -> None:
    """Token, one for rights, one for the state of the feed, chains, segments, figures."""
    program = client_of(cast.member_a)
    Chain.objects.bulk_create(Chain(code=f"c{n}", name=f"链{n}", kind="core") for n in range(rows))
    program.rows("/chains/", kind="core")
    with zeal_context(), CaptureQueriesContext(connection) as queries:
        assert len(program.rows("/chains/", kind="core", figures="true")) == rows
    assert len(queries) == 6, [query["sql"][:90] for query in queries]


def test_figures_are_asked_for_with_yes_or_no(cast: Cast, client_of: ClientOf) -> None:
    answer = client_of(cast.member_a).ask("/chains/", figures="perhaps")
    assert answer.json()["errors"][0]["field"] == "figures"


def test_list_goes_on_page_by_page(cast: Cast, client_of: ClientOf) -> None:
    Chain.objects.bulk_create(
        Chain(code=f"c{n}", name=f"链{n}", kind="chain", order=n // 3) for n in range(10)
    )
    program = client_of(cast.member_a)
    for ordering in ("order", "-order", "id", "-id"):
        codes = [row["code"] for row in program.whole("/chains/", page_size=3, ordering=ordering)]
        assert len(codes) == len(set(codes)) == 12
    orders = [row["order"] for row in program.whole("/chains/", page_size=3, ordering="-order")]
    assert orders == sorted(orders, reverse=True)


def test_team_of_another_chain_is_missing(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_b)
    assert [team["name"] for team in program.rows("/teams/")] == [cast.team_b.name]
    assert program.ask(f"/teams/{cast.team_a.pk}/").status_code == 404
    assert program.ask("/teams/987654321/").status_code == 404


def test_mayors_office_sees_all_teams(cast: Cast, mayors_office: Program) -> None:
    assert len(mayors_office.rows("/teams/")) == 2
