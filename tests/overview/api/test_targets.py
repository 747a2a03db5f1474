"""Annual targets with what was reached, as programs read them."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chains.models import AnnualTarget, Metric
from tests.api_cast import ClientOf, Program
from tests.overview.spring import TODAY, Spring, clock

pytestmark = pytest.mark.django_db


def rows(program: Program, **asked: Any) -> list[Any]:
    with clock(TODAY):
        return program.rows("/annual-targets/", **asked)


def test_targets_tell_what_was_reached(spring: Spring, coordinator: Program) -> None:
    told = [(row["scope"], row["reached"], row["percent"]) for row in rows(coordinator)]
    assert told == [
        ("zone", 1, 25.0),
        ("zone", 1, 50.0),
        ("zone", None, None),  # a growth is counted elsewhere
        ("chain", 1, 50.0),
        ("chain", 0, 0.0),
        ("team", 1, 100.0),
    ]
    counted = [bool(row["counting"]) for row in rows(coordinator)]
    assert counted == [True, True, False, True, True, True]


def test_team_is_told_of_its_own_targets(spring: Spring, client_of: ClientOf) -> None:
    with clock(TODAY):
        program = client_of(spring.cast.member_b)
    told = [(row["scope"], row["reached"]) for row in rows(program, scope="chain,team")]
    assert told == [("chain", 0)]


def test_attainment_needs_the_scope_of_the_overview(spring: Spring, client_of: ClientOf) -> None:
    with clock(TODAY):
        program = client_of(spring.cast.coordinator, scopes=["chains:read"])
    told = rows(program)
    assert len(told) == 6
    assert not {"reached", "percent", "counting"} & set(told[0])
    with clock(TODAY):
        assert program.ask("/annual-targets/", fields="reached").status_code == 400


def test_fields_without_attainment_count_nothing(spring: Spring, coordinator: Program) -> None:
    with clock(TODAY), CaptureQueriesContext(connection) as queries:
        assert coordinator.ask("/annual-targets/", fields="id,value").status_code == 200
    assert not [query for query in queries if "leads_contract" in query["sql"]]


def test_known_list_is_304(spring: Spring, coordinator: Program) -> None:
    with clock(TODAY):
        known = {"If-None-Match": coordinator.ask("/annual-targets/")["ETag"]}
        again = coordinator.get("/api/v1/annual-targets/", headers=known)
    assert again.status_code == 304


@pytest.mark.parametrize("targets", [1, 50])
def test_queries_do_not_grow_with_the_targets(
    spring: Spring, coordinator: Program, targets: int
) -> None:
    metrics = [
        Metric.objects.get(code="signings"),
        *(Metric.objects.create(code=f"m-{n}", name=f"指标{n}") for n in range(1, targets)),
    ]
    AnnualTarget.objects.bulk_create(
        AnnualTarget(year=2025, metric=metric, value=10) for metric in metrics
    )
    with clock(TODAY):
        coordinator.ask("/annual-targets/", year="2024")
        with CaptureQueriesContext(connection) as queries:
            assert coordinator.ask("/annual-targets/", year="2025").status_code == 200
    assert len(queries) == 10, "\n".join(query["sql"][:100] for query in queries)
