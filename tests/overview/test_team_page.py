"""A team's page: who sees it, what it shows, how people come and go."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chains.actions.lists import save_target_company
from chains.models import Outpost, TargetCompany, TaskTeam
from kfq_crm.base.models import User
from leads.actions.followups import raise_blocker
from leads.actions.pipeline import exit_lead
from leads.models import Blocker, Lead
from leads.stages import Exit
from tests.cast import Cast
from tests.factories import UserFactory, log_a_lead
from tests.overview.pages import a_lead_due, confidential, open_page, send, team_page_of

Queries = Callable[..., Any]


# --- Reading ---------------------------------------------------------------------------------


def test_team_page_is_for_the_team_and_the_offices(
    client: Client, cast: Cast, administrator: User
) -> None:
    found = {
        name
        for name, who in cast.people()
        if open_page(client, who, team_page_of(cast.team_a)).status_code == 200
    }
    assert found == {"member_a", "second_member_a", "head_a", "coordinator", "chain_leader_a"}
    assert open_page(client, administrator, team_page_of(cast.team_a)).status_code == 200


def test_team_page_of_another_team_is_not_found(client: Client, cast: Cast) -> None:
    assert open_page(client, cast.member_b, team_page_of(cast.team_a)).status_code == 404


def test_members_stand_with_their_open_and_overdue_leads(client: Client, cast: Cast) -> None:
    a_lead_due(-3, by=cast.member_a)
    a_lead_due(3, by=cast.member_a)
    a_lead_due(-3, by=cast.second_member_a)
    shown = open_page(client, cast.head_a, team_page_of(cast.team_a)).context["colleagues"]
    counts = {row.user: (row.open, row.overdue) for row in shown}
    assert counts == {
        cast.head_a: (0, 0),
        cast.member_a: (2, 1),
        cast.second_member_a: (1, 1),
        cast.disabled: (0, 0),
    }


def test_counts_leave_out_what_one_may_not_see(
    client: Client, cast: Cast, administrator: User
) -> None:
    confidential(by=cast.member_a)
    log_a_lead(by=cast.member_a)

    def seen_by(who: User) -> int:
        shown = open_page(client, who, team_page_of(cast.team_a)).context["colleagues"]
        return next(row.open for row in shown if row.user == cast.member_a)

    assert (seen_by(cast.head_a), seen_by(cast.coordinator), seen_by(administrator)) == (2, 1, 0)


def test_list_shows_the_chains_own_rows(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    log_a_lead(by=cast.member_b)
    own = a_company(cast, "演示航空动力有限公司")
    shown = open_page(client, cast.member_a, team_page_of(cast.team_a)).context["list"]
    assert (list(shown.leads), list(shown.companies)) == ([lead], [own])


def a_company(cast: Cast, name: str, **values: Any) -> TargetCompany:
    values = {"name": name, "chain": cast.chain_a, **values}
    return save_target_company(company=TargetCompany(), values=values, by=cast.coordinator)


@pytest.mark.parametrize("number", [1, 50])
def test_team_page_takes_the_same_queries(
    client: Client, cast: Cast, django_assert_num_queries: Queries, number: int
) -> None:
    for place in range(number):
        a_lead_due(-3, by=cast.member_a)
        a_company(cast, f"演示第{place}航空动力有限公司")
    client.force_login(cast.head_a)
    with django_assert_num_queries(21):
        client.get(team_page_of(cast.team_a))


def test_only_those_who_may_are_offered_changes(client: Client, cast: Cast) -> None:
    add = reverse("admin:team_add_member", args=[cast.team_a.pk])
    name = reverse("admin:team_appoint", args=[cast.team_a.pk])
    offered = {}
    for who in (cast.coordinator, cast.head_a, cast.member_a, cast.chain_leader_a):
        page = open_page(client, who, team_page_of(cast.team_a)).content.decode()
        offered[who] = (add in page, name in page)
    assert list(offered.values()) == [(True, True), (True, False), (False, False), (False, False)]


# --- Adding ----------------------------------------------------------------------------------


def add(client: Client, who: User, team: TaskTeam, person: User, **data: Any) -> Any:
    data = {"user": person.pk, "joined_on": timezone.localdate().isoformat(), **data}
    return send(client, who, "team_add_member", team.pk, **data)


def is_member(team: TaskTeam, person: User) -> tuple[bool, bool]:
    """By the record of memberships, and by the Group."""
    on_record = team.memberships.current().filter(user=person).exists()
    return on_record, team.group.user_set.filter(pk=person.pk).exists()


@pytest.mark.parametrize("who", ["coordinator", "head_a"])
def test_person_is_added_with_the_group_in_step(client: Client, cast: Cast, who: str) -> None:
    response = add(client, getattr(cast, who), cast.team_a, cast.outsider)
    assert response.status_code == 302
    assert response.url == team_page_of(cast.team_a)
    assert is_member(cast.team_a, cast.outsider) == (True, True)
    assert open_page(client, cast.outsider, team_page_of(cast.team_a)).status_code == 200


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("member_a", 403),
        ("chain_leader_a", 403),
        ("member_b", 404),
        ("head_b", 404),
        ("outsider", 404),
    ],
)
def test_others_add_nobody(client: Client, cast: Cast, who: str, status: int) -> None:
    response = add(client, getattr(cast, who), cast.team_a, cast.outsider)
    assert response.status_code == status
    assert is_member(cast.team_a, cast.outsider) == (False, False)


def test_person_in_the_team_is_refused_at_the_field(client: Client, cast: Cast) -> None:
    response = add(client, cast.coordinator, cast.team_a, cast.member_a)
    assert response.status_code in (200, 400)
    assert response.context["form"].errors["user"]


def test_disabled_account_is_no_choice(client: Client, cast: Cast) -> None:
    gone = UserFactory(username="gone", is_active=False)
    response = add(client, cast.coordinator, cast.team_a, gone)
    assert response.context["form"].errors["user"]
    assert is_member(cast.team_a, gone) == (False, False)


def test_outpost_of_another_team_is_no_choice(client: Client, cast: Cast) -> None:
    elsewhere = Outpost.objects.create(name="深圳驻点", city="深圳")
    elsewhere.teams.add(cast.team_b)
    response = add(client, cast.coordinator, cast.team_a, cast.outsider, outpost=elsewhere.pk)
    assert response.context["form"].errors["outpost"]


def test_staff_are_found_by_name_unit_and_account(client: Client, cast: Cast) -> None:
    known = UserFactory(username="zhangsan", display_name="张三", unit="招商局")
    UserFactory(username="zhangsi", display_name="张四", is_active=False)
    address = reverse("admin:staff_search")

    def found(term: str) -> list[int]:
        page = open_page(client, cast.head_a, address, term=term)
        return [row["id"] for row in page.json()["results"]]

    assert found("张") == found("zhangs") == found("招商局") == [known.pk]
    assert found("") == []


def test_staff_search_never_lists_everybody(client: Client, cast: Cast) -> None:
    for number in range(12):
        UserFactory(username=f"many{number}", display_name=f"王{number}")
    page = open_page(client, cast.head_a, reverse("admin:staff_search"), term="王")
    assert len(page.json()["results"]) == 8


# --- Taking out ------------------------------------------------------------------------------


def take_out(client: Client, who: User, cast: Cast, person: User, heir: User | None) -> Any:
    data = {"heir": heir.pk if heir else "", "left_on": timezone.localdate().isoformat()}
    return send(client, who, "team_remove_member", cast.team_a.pk, person.pk, **data)


@pytest.mark.parametrize("who", ["coordinator", "head_a"])
def test_who_leaves_hands_over_everything(client: Client, cast: Cast, who: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    shelved = exit_lead(
        lead=log_a_lead(by=cast.member_a),
        exit=Exit.SHELVED,
        detail="等政策",
        wake_on=timezone.localdate() + timedelta(days=40),
        by=cast.member_a,
    )
    lost = exit_lead(
        lead=log_a_lead(by=cast.member_a), exit=Exit.LOST, reason="contact_lost", by=cast.member_a
    )
    blocker = raise_blocker(
        lead=lead,
        description="等批复",
        owner=cast.member_a,
        due_on=timezone.localdate(),
        by=cast.member_a,
    )
    company = a_company(cast, "演示航空动力有限公司", owner=cast.member_a)
    response = take_out(client, getattr(cast, who), cast, cast.member_a, cast.second_member_a)
    assert response.status_code == 302
    assert is_member(cast.team_a, cast.member_a) == (False, False)
    heirs = {lead: Lead.objects.get(pk=lead.pk).owner for lead in (lead, shelved, lost)}
    assert list(heirs.values()) == [cast.second_member_a, cast.second_member_a, cast.member_a]
    assert Blocker.objects.get(pk=blocker.pk).owner == cast.second_member_a
    assert TargetCompany.objects.get(pk=company.pk).owner == cast.second_member_a
    assert open_page(client, cast.member_a, team_page_of(cast.team_a)).status_code == 404
    assert not Lead.objects.visible_to(User.objects.get(pk=cast.member_a.pk)).exists()


def test_work_without_an_heir_keeps_the_person_in(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    response = take_out(client, cast.coordinator, cast, cast.member_a, None)
    assert response.context["form"].errors["heir"]
    assert is_member(cast.team_a, cast.member_a) == (True, True)
    assert Lead.objects.get(pk=lead.pk).owner == cast.member_a


def test_without_work_nobody_need_take_over(client: Client, cast: Cast) -> None:
    assert take_out(client, cast.coordinator, cast, cast.member_a, None).status_code == 302
    assert is_member(cast.team_a, cast.member_a) == (False, False)


@pytest.mark.parametrize("heir", ["member_a", "member_b", "disabled", "outsider"])
def test_heir_stays_in_the_team(client: Client, cast: Cast, heir: str) -> None:
    log_a_lead(by=cast.member_a)
    response = take_out(client, cast.coordinator, cast, cast.member_a, getattr(cast, heir))
    assert response.context["form"].errors["heir"]
    assert is_member(cast.team_a, cast.member_a) == (True, True)


def test_hidden_leads_go_to_the_head_unseen(client: Client, cast: Cast) -> None:
    """The office may not read it, so it neither hands it to somebody nor learns of it."""
    secret, known = confidential(by=cast.member_a), log_a_lead(by=cast.member_a)
    address = reverse("admin:team_remove_member", args=[cast.team_a.pk, cast.member_a.pk])
    page = open_page(client, cast.coordinator, address)
    assert "1" in page.context["consequences"][0]
    take_out(client, cast.coordinator, cast, cast.member_a, cast.second_member_a)
    assert Lead.objects.get(pk=secret.pk).owner == cast.head_a
    assert Lead.objects.get(pk=known.pk).owner == cast.second_member_a


def test_head_is_not_taken_out(client: Client, cast: Cast) -> None:
    response = take_out(client, cast.coordinator, cast, cast.head_a, cast.member_a)
    assert response.context["form"].errors
    assert is_member(cast.team_a, cast.head_a) == (True, True)


def test_leads_of_another_chain_stay(client: Client, cast: Cast) -> None:
    """Who works in two teams and leaves one keeps the other's leads."""
    add(client, cast.coordinator, cast.team_b, cast.member_a)
    stays = log_a_lead(by=cast.coordinator, chain=cast.chain_b, owner=cast.member_a)
    goes = log_a_lead(by=cast.coordinator, chain=cast.chain_a, owner=cast.member_a)
    take_out(client, cast.coordinator, cast, cast.member_a, cast.head_a)
    owners = [Lead.objects.get(pk=lead.pk).owner for lead in (stays, goes)]
    assert owners == [cast.member_a, cast.head_a]


@pytest.mark.parametrize(("who", "status"), [("member_a", 403), ("head_b", 404), ("member_b", 404)])
def test_others_take_nobody_out(client: Client, cast: Cast, who: str, status: int) -> None:
    response = take_out(client, getattr(cast, who), cast, cast.second_member_a, None)
    assert response.status_code == status
    assert is_member(cast.team_a, cast.second_member_a) == (True, True)


def test_who_is_no_member_cannot_be_taken_out(client: Client, cast: Cast) -> None:
    assert take_out(client, cast.coordinator, cast, cast.outsider, None).status_code == 404
