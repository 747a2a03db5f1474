"""The workbench: exact sets of what each person finds on the desk, the same number of queries."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chains.actions.lists import save_record
from chains.models import AnnualTarget, Metric, Scope
from kfq_crm.overview.queries.piles import capped_count, capped_text
from leads.actions.claims import request_ruling
from leads.actions.followups import raise_blocker
from leads.actions.pipeline import advance_lead, exit_lead
from leads.models import Lead, RulingRequest, StallRule, WaitingFor
from leads.stages import Exit, Stage
from tests.cast import RULES_SINCE, Cast
from tests.factories import a_company_name, lead_in, log_a_lead, screen
from tests.overview.pages import a_lead_due, change, confidential, months_ago, open_page

HOME = "/admin/"
Queries = Callable[..., Any]


@pytest.fixture
def stall_rule(cast: Cast) -> StallRule:
    return StallRule.objects.create(
        valid_from=RULES_SINCE, yellow_months=2, red_months=3, off_list_months=6
    )


def desk(client: Client, who: Any, **query: Any) -> Any:
    response = open_page(client, who, HOME, **query)
    assert response.status_code == 200
    return response.context


def test_workbench_is_the_first_page(client: Client, cast: Cast) -> None:
    assert reverse("admin:workbench") == reverse("admin:index") == HOME
    client.force_login(cast.member_a)
    assert client.get("/", follow=True).request["PATH_INFO"] == HOME


def test_workbench_asks_strangers_to_sign_in(client: Client, cast: Cast) -> None:
    assert client.get(HOME).status_code == 302


def test_workbench_accepts_no_post(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    assert client.post(HOME).status_code == 405


def test_overdue_is_mine_alone_the_longest_first(client: Client, cast: Cast) -> None:
    late = a_lead_due(-3, by=cast.member_a)
    later = a_lead_due(-9, by=cast.member_a)
    a_lead_due(-5, by=cast.second_member_a)
    a_lead_due(1, by=cast.member_a)
    gone = a_lead_due(-4, by=cast.member_a)
    exit_lead(lead=gone, exit=Exit.TRANSFERRED, detail="转其他园区", by=cast.member_a)
    day = desk(client, cast.member_a)["day"]
    assert list(day.overdue) == [later, late]
    assert day.overdue.total == 2


def test_due_today_is_apart_from_overdue(client: Client, cast: Cast) -> None:
    lead = a_lead_due(0, by=cast.member_a)
    day = desk(client, cast.member_a)["day"]
    assert list(day.due) == [lead]
    assert not day.overdue


def test_overdue_offers_the_quick_log_of_the_lead(client: Client, cast: Cast) -> None:
    lead = a_lead_due(-3, by=cast.member_a)
    page = open_page(client, cast.member_a, HOME).content.decode()
    assert f'href="{reverse("admin:quick_log")}?lead={lead.pk}"' in page


def test_chain_leader_reads_and_is_offered_no_log(client: Client, cast: Cast) -> None:
    lead = a_lead_due(-3, by=cast.member_a)
    response = open_page(client, cast.chain_leader_a, HOME)
    assert list(response.context["day"].overdue) == [lead]
    assert reverse("admin:quick_log") not in response.content.decode()


def test_another_team_sees_nothing_of_it(client: Client, cast: Cast) -> None:
    a_lead_due(-3, by=cast.member_a, title="看不见的项目")
    response = open_page(client, cast.member_b, HOME)
    assert not response.context["day"].overdue
    assert "看不见的项目" not in response.content.decode()


def test_person_without_team_is_told_what_to_do(client: Client, cast: Cast) -> None:
    a_lead_due(-3, by=cast.member_a)
    response = open_page(client, cast.outsider, HOME)
    assert response.status_code == 200
    assert "day" not in response.context


def test_head_sees_the_team_and_switches_to_a_person(client: Client, cast: Cast) -> None:
    mine = a_lead_due(-1, by=cast.head_a)
    theirs = a_lead_due(-2, by=cast.member_a)
    a_lead_due(-2, by=cast.member_b)
    assert set(desk(client, cast.head_a)["day"].overdue) == {mine, theirs}
    switched = desk(client, cast.head_a, person=cast.member_a.pk)
    assert list(switched["day"].overdue) == [theirs]


def test_head_cannot_switch_to_another_team(client: Client, cast: Cast) -> None:
    a_lead_due(-2, by=cast.member_b)
    shown = desk(client, cast.head_a, person=cast.member_b.pk)
    assert shown["desk"].person is None
    assert not shown["day"].overdue


def test_member_cannot_switch_to_a_colleague(client: Client, cast: Cast) -> None:
    a_lead_due(-2, by=cast.second_member_a)
    assert not desk(client, cast.member_a, person=cast.second_member_a.pk)["day"].overdue


def test_coordinator_sees_the_zone_and_switches_to_a_chain(client: Client, cast: Cast) -> None:
    a, b = a_lead_due(-1, by=cast.member_a), a_lead_due(-2, by=cast.member_b)
    assert list(desk(client, cast.coordinator)["day"].overdue) == [b, a]
    switched = desk(client, cast.coordinator, chain=cast.chain_a.pk)
    assert list(switched["day"].overdue) == [a]


@pytest.mark.parametrize("asked", ["0", "-1", "x", "99999999999999999999", "１"])
def test_switch_to_nothing_is_the_whole(client: Client, cast: Cast, asked: str) -> None:
    lead = a_lead_due(-1, by=cast.member_a)
    assert list(desk(client, cast.coordinator, chain=asked)["day"].overdue) == [lead]


def test_confidential_lead_is_on_its_owners_desk_only(client: Client, cast: Cast) -> None:
    lead = change(confidential(by=cast.member_a), next_action_on=date(2026, 1, 5))
    for person in (cast.second_member_a, cast.coordinator, cast.chain_leader_a, cast.member_b):
        response = open_page(client, person, HOME)
        assert lead not in response.context["day"].overdue.rows
        assert "启明" not in response.content.decode()
    response = open_page(client, cast.member_a, HOME)
    assert list(response.context["day"].overdue) == [lead]
    assert lead.title not in response.content.decode()


def test_blockers_wait_for_whoever_clears_them(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    blocker = raise_blocker(
        lead=lead,
        description="等规划条件",
        owner=cast.second_member_a,
        due_on=timezone.localdate(),
        by=cast.member_a,
    )
    assert list(desk(client, cast.second_member_a)["waiting"].blockers) == [blocker]
    assert not desk(client, cast.member_a)["waiting"].blockers


def a_request(cast: Cast) -> RulingRequest:
    name = a_company_name()
    log_a_lead(by=cast.member_a, investor=name)
    return request_ruling(company_name=name, team=cast.team_b, grounds="先行洽谈", by=cast.member_b)


def test_rulings_wait_for_the_coordinator_alone(client: Client, cast: Cast) -> None:
    request = a_request(cast)
    assert list(desk(client, cast.coordinator)["waiting"].rulings) == [request]
    for person in (cast.member_a, cast.member_b, cast.head_b, cast.chain_leader_a):
        assert desk(client, person)["waiting"].rulings is None


def test_decisions_wait_for_the_chain_leader(client: Client, cast: Cast) -> None:
    asked = change(log_a_lead(by=cast.member_a), waiting_for=WaitingFor.LEADER)
    change(log_a_lead(by=cast.member_b), waiting_for=WaitingFor.LEADER)
    assert list(desk(client, cast.chain_leader_a)["waiting"].decisions) == [asked]
    assert desk(client, cast.member_a)["waiting"].decisions is None


def test_decisions_wait_for_the_office(client: Client, cast: Cast) -> None:
    asked = change(log_a_lead(by=cast.member_a), waiting_for=WaitingFor.COORDINATION)
    change(log_a_lead(by=cast.member_a), waiting_for=WaitingFor.LEADER)
    assert list(desk(client, cast.coordinator)["waiting"].decisions) == [asked]


def test_week_shows_what_is_new_and_what_moved(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.second_member_a)
    old = change(log_a_lead(by=cast.member_a), created_at=timezone.now() - timedelta(days=8))
    log_a_lead(by=cast.member_b)
    screen(old, by=cast.member_a)
    advance_lead(lead=old, by=cast.member_a)
    week = desk(client, cast.member_a)["week"]
    assert list(week.new) == [lead]
    assert [move.lead for move in week.moved] == [old]
    assert not desk(client, cast.member_b)["week"].moved


def test_stuck_leads_carry_their_card(client: Client, cast: Cast, stall_rule: StallRule) -> None:
    log_a_lead(by=cast.member_a)
    yellow = change(log_a_lead(by=cast.member_a), last_progress_on=months_ago(2))
    red = change(log_a_lead(by=cast.member_a), last_progress_on=months_ago(4))
    never = log_a_lead(by=cast.member_a)
    change(never, created_at=timezone.now() - timedelta(days=250))
    stuck = desk(client, cast.member_a)["week"].stuck
    assert [(lead.pk, lead.card) for lead in stuck] == [
        (red.pk, "red"),
        (yellow.pk, "yellow"),
        (never.pk, "off_list"),
    ]
    assert stuck.total == 3


def test_without_a_rule_nothing_counts_as_stuck(client: Client, cast: Cast) -> None:
    change(log_a_lead(by=cast.member_a), last_progress_on=months_ago(9))
    assert desk(client, cast.member_a)["week"].stuck is None


# --- Targets ---------------------------------------------------------------------------------


def a_target(cast: Cast, code: str = "signings", **values: Any) -> AnnualTarget:
    metric, _made = Metric.objects.get_or_create(code=code, defaults={"name": code, "unit": "个"})
    values = {"year": timezone.localdate().year, "value": Decimal(4), **values}
    target = AnnualTarget(metric=metric)
    return save_record(record=target, values=values, by=cast.coordinator)


def test_targets_of_the_year_are_bars_of_what_was_signed(client: Client, cast: Cast) -> None:
    a_target(cast, scope=Scope.CHAIN, chain=cast.chain_a)
    lead_in(Stage.SIGNED, by=cast.member_a)
    lead_in(Stage.REVIEW, by=cast.member_a)
    lead_in(Stage.SIGNED, by=cast.member_b)
    (row,) = desk(client, cast.member_a)["targets"].attained
    assert (row.reached, row.percent, row.is_met) == (1, 25, False)
    assert desk(client, cast.member_b)["targets"].attained == []


def test_zone_targets_are_the_coordinators(client: Client, cast: Cast) -> None:
    a_target(cast, scope=Scope.ZONE, value=Decimal(2))
    lead_in(Stage.SIGNED, by=cast.member_a)
    lead_in(Stage.SIGNED, by=cast.member_b)
    (row,) = desk(client, cast.coordinator)["targets"].attained
    assert (row.reached, row.is_met) == (2, True)
    assert not desk(client, cast.member_a)["targets"]


def test_targets_without_the_park_leave_it_out(client: Client, cast: Cast) -> None:
    a_target(cast, scope=Scope.ZONE, excludes_jiangyin_park=True)
    lead_in(Stage.SIGNED, by=cast.member_a, landing_park="江阴园区")
    lead_in(Stage.SIGNED, by=cast.member_a, landing_park="城北园区")
    (row,) = desk(client, cast.coordinator)["targets"].attained
    assert row.reached == 1


def test_targets_that_others_count_are_named_only(client: Client, cast: Cast) -> None:
    target = a_target(cast, "gdp", scope=Scope.ZONE, value=None, growth_percent=Decimal(8))
    shown = desk(client, cast.coordinator)["targets"]
    assert (shown.attained, shown.elsewhere) == ([], [target])


def test_targets_of_last_year_are_not_this_years(client: Client, cast: Cast) -> None:
    a_target(cast, scope=Scope.ZONE, year=timezone.localdate().year - 1)
    assert not desk(client, cast.coordinator)["targets"]


def test_figure_opens_the_rows_that_it_counts(client: Client, cast: Cast) -> None:
    target = a_target(cast, scope=Scope.CHAIN, chain=cast.chain_a)
    lead = lead_in(Stage.SIGNED, by=cast.member_a)
    lead_in(Stage.SIGNED, by=cast.member_b)
    address = reverse("admin:target_rows", args=[target.pk])
    assert address in open_page(client, cast.member_a, HOME).content.decode()
    page = open_page(client, cast.member_a, address)
    assert [contract.lead for contract in page.context["counted"]] == [lead]
    assert page.context["row"].reached == 1


def test_rows_of_a_hidden_target_are_not_found(client: Client, cast: Cast) -> None:
    target = a_target(cast, scope=Scope.CHAIN, chain=cast.chain_a)
    address = reverse("admin:target_rows", args=[target.pk])
    assert open_page(client, cast.member_b, address).status_code == 404
    assert open_page(client, cast.outsider, address).status_code == 404


def test_rows_of_a_target_counted_elsewhere_are_not_found(client: Client, cast: Cast) -> None:
    target = a_target(cast, "gdp", scope=Scope.ZONE)
    address = reverse("admin:target_rows", args=[target.pk])
    assert open_page(client, cast.coordinator, address).status_code == 404


# --- Queries ---------------------------------------------------------------------------------

MEMBER_QUERIES = 25
COORDINATOR_QUERIES = 29


def fill(cast: Cast, number: int) -> None:
    for _number in range(number):
        late = a_lead_due(-3, by=cast.member_a)
        a_lead_due(0, by=cast.member_a)
        change(late, last_progress_on=months_ago(3), waiting_for=WaitingFor.COORDINATION)
        raise_blocker(
            lead=late,
            description="等批复",
            owner=cast.member_a,
            due_on=timezone.localdate(),
            by=cast.member_a,
        )
        moved = log_a_lead(by=cast.member_a)
        screen(moved, by=cast.member_a)
        advance_lead(lead=moved, by=cast.member_a)


@pytest.mark.parametrize("number", [1, 50])
def test_members_workbench_takes_the_same_queries(
    client: Client,
    cast: Cast,
    stall_rule: StallRule,
    django_assert_num_queries: Queries,
    number: int,
) -> None:
    a_target(cast, scope=Scope.CHAIN, chain=cast.chain_a)
    fill(cast, number)
    client.force_login(cast.member_a)
    with django_assert_num_queries(MEMBER_QUERIES):
        page = client.get(HOME)
    assert len(page.context["day"].overdue.rows) == min(number, 20)
    assert page.context["day"].overdue.total == number


@pytest.mark.parametrize("number", [1, 50])
def test_coordinators_workbench_takes_the_same_queries(
    client: Client,
    cast: Cast,
    stall_rule: StallRule,
    django_assert_num_queries: Queries,
    number: int,
) -> None:
    a_target(cast, scope=Scope.ZONE)
    fill(cast, number)
    a_request(cast)
    client.force_login(cast.coordinator)
    with django_assert_num_queries(COORDINATOR_QUERIES):
        client.get(HOME)


def test_counts_stop_at_the_cap(cast: Cast) -> None:
    for _number in range(3):
        log_a_lead(by=cast.member_a)
    rows = Lead.objects.visible_to(cast.member_a)
    assert (capped_count(rows, cap=2), capped_text(3, cap=2)) == (3, "2+")
    assert capped_text(capped_count(rows, cap=9), cap=9) == "3"
