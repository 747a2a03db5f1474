"""Chains, segments and teams as programs read them."""

import pytest

from chains.models import Chain, Segment
from tests.api_cast import ClientOf, Program
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_chains_come_with_the_tree_of_their_segments(cast: Cast, client_of: ClientOf) -> None:
    engines = Segment.objects.create(chain=cast.chain_a, code="engines", name="发动机")
    Segment.objects.create(chain=cast.chain_a, code="blades", name="叶片", parent=engines)
    [chain] = client_of(cast.member_a).rows("/chains/", code="aerospace")
    assert chain["name"] == "航空航天"
    [segment] = chain["segments"]
    assert [below["code"] for below in segment["children"]] == ["blades"]


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
