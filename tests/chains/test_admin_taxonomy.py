"""Chains, teams, targets and taxonomy in the admin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chains.models import (
    AnchorFirm,
    AnnualTarget,
    Chain,
    Gap,
    Metric,
    Outpost,
    SegmentLink,
    Site,
    TaskTeam,
)
from tests.cast import Cast
from tests.chains.pages import listed, page, send
from tests.factories import ChainFactory, SegmentFactory

Queries = Callable[..., Any]


def test_policy_of_another_chain_is_refused(client: Client, cast: Cast) -> None:
    data = {"title": "补贴", "chain": cast.chain_b.pk, "document_number": "", "summary": ""}
    response = send(client, cast.member_a, "chainpolicy_add", **data)
    assert response.context["adminform"].form.errors["chain"]
    data["chain"] = cast.chain_a.pk
    assert send(client, cast.member_a, "chainpolicy_add", **data).status_code == 302


def test_chain_changes_its_name_and_direction_only(client: Client, cast: Cast) -> None:
    data = {"name": "航空航天产业", "direction": "低空经济", "code": "x", "expected_version": 1}
    response = send(client, cast.coordinator, "chain_change", cast.chain_a.pk, **data)
    assert response.url == reverse("admin:chain_page", args=[cast.chain_a.pk])
    chain = Chain.objects.get(pk=cast.chain_a.pk)
    assert (chain.name, chain.direction, chain.code) == ("航空航天产业", "低空经济", "aerospace")


def test_rows_of_chains_and_teams_open_their_pages(client: Client, cast: Cast) -> None:
    text = page(client, cast.coordinator, "chain_changelist").content.decode()
    assert reverse("admin:chain_page", args=[cast.chain_a.pk]) in text


def test_team_is_made_for_a_chain_without_one(client: Client, cast: Cast) -> None:
    chain = ChainFactory(name="大健康")
    data = {"chain": chain.pk, "name": "大健康专班", "lead_unit": "卫健局"}
    response = send(client, cast.coordinator, "taskteam_add", **data)
    team = TaskTeam.objects.get(chain=chain)
    assert response.url == reverse("admin:team_page", args=[team.pk])
    assert team.group.name == "大健康专班"
    assert team.group.permissions.exists()


@pytest.mark.parametrize(("who", "status"), [("head_a", 403), ("member_b", 403)])
def test_others_make_no_team(client: Client, cast: Cast, who: str, status: int) -> None:
    assert page(client, getattr(cast, who), "taskteam_add").status_code == status


def test_team_with_a_taken_name_is_refused(client: Client, cast: Cast) -> None:
    data = {"chain": ChainFactory().pk, "name": cast.team_a.name, "lead_unit": ""}
    response = send(client, cast.coordinator, "taskteam_add", **data)
    assert response.context["adminform"].form.errors["name"]


@pytest.fixture
def metric(db: None) -> Metric:
    return Metric.objects.create(code="signings", name="签约投资协议", unit="个")


def target_data(metric: Metric, **data: Any) -> dict[str, Any]:
    return {
        "year": timezone.localdate().year,
        "metric": metric.pk,
        "scope": "zone",
        "chain": "",
        "team": "",
        "comparator": "exact",
        "value": "30",
        "growth_percent": "",
        "source": "",
        **data,
    }


def test_target_is_set_by_the_office(client: Client, cast: Cast, metric: Metric) -> None:
    assert send(client, cast.head_a, "annualtarget_add", **target_data(metric)).status_code == 403
    response = send(client, cast.coordinator, "annualtarget_add", **target_data(metric))
    assert response.status_code == 302
    assert AnnualTarget.objects.get().value == 30


@pytest.mark.parametrize(
    "wrong", [{"scope": "chain"}, {"scope": "team"}, {"value": ""}, {"year": "x"}, {"value": "NaN"}]
)
def test_target_that_says_nothing_is_refused_in_words(
    client: Client, cast: Cast, metric: Metric, wrong: dict[str, str]
) -> None:
    response = send(client, cast.coordinator, "annualtarget_add", **target_data(metric, **wrong))
    errors = str(response.context["adminform"].form.errors)
    assert errors
    assert "annual_target" not in errors


def test_target_is_set_once(client: Client, cast: Cast, metric: Metric) -> None:
    send(client, cast.coordinator, "annualtarget_add", **target_data(metric))
    response = send(client, cast.coordinator, "annualtarget_add", **target_data(metric))
    assert response.context["adminform"].form.errors
    assert AnnualTarget.objects.count() == 1


def test_targets_are_seen_by_scope(client: Client, cast: Cast, metric: Metric) -> None:
    year = timezone.localdate().year
    zone, of_a, of_b = (
        AnnualTarget.objects.create(metric=metric, year=year, value=3, **scope)
        for scope in (
            {"scope": "zone"},
            {"scope": "chain", "chain": cast.chain_a},
            {"scope": "team", "team": cast.team_b},
        )
    )
    assert set(listed(client, cast.member_a, "annualtarget")) == {zone, of_a}
    assert set(listed(client, cast.member_b, "annualtarget")) == {zone, of_b}
    assert set(listed(client, cast.coordinator, "annualtarget")) == {zone, of_a, of_b}
    assert listed(client, cast.coordinator, "annualtarget", year=year - 1) == []
    assert listed(client, cast.coordinator, "annualtarget", year="x") == []


def test_links_and_metrics_are_saved_with_a_revision(
    client: Client, cast: Cast, metric: Metric
) -> None:
    data = {"name": "签约", "unit": "个", "definition": "", "code": "signings"}
    response = send(
        client, cast.coordinator, "metric_change", metric.pk, expected_version=1, **data
    )
    assert response.status_code == 302
    metric.refresh_from_db()
    assert (metric.name, metric.version) == ("签约", 2)
    row = {"from_chain": cast.chain_a.pk, "to_chain": cast.chain_b.pk, "note": "", "source": ""}
    row |= {"from_segment": "", "to_segment": ""}
    assert send(client, cast.coordinator, "segmentlink_add", **row).status_code == 302
    again = send(client, cast.coordinator, "segmentlink_add", **row)
    assert "segment_link_once" not in str(again.context["adminform"].form.errors)
    assert SegmentLink.objects.count() == 1


@pytest.mark.parametrize("number", [1, 50])
@pytest.mark.parametrize(
    ("model", "queries"), [("gap", 8), ("anchorfirm", 8), ("outpost", 8), ("site", 8)]
)
def test_lists_take_the_same_queries(
    client: Client,
    cast: Cast,
    django_assert_num_queries: Queries,
    model: str,
    queries: int,
    number: int,
) -> None:
    for place in range(number):
        segment = SegmentFactory(chain=cast.chain_a)
        Gap.objects.create(chain=cast.chain_a, segment=segment, kind="fill", description="缺口")
        AnchorFirm.objects.create(chain=cast.chain_a, segment=segment, name=f"链主{place}")
        outpost = Outpost.objects.create(name=f"驻点{place}", city="上海")
        outpost.teams.set([cast.team_a, cast.team_b])
        Site.objects.create(chain=cast.chain_a, label=f"地块{place}")
    client.force_login(cast.coordinator)
    with django_assert_num_queries(queries):
        client.get(reverse(f"admin:chains_{model}_changelist"))
