"""Head, leader and outposts of a team, and the list of teams."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chains.actions.teams import appoint, remove_member
from chains.models import Outpost, TaskTeam
from chains.roles import CHAIN_LEADER, role_group
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User
from tests.cast import Cast
from tests.factories import UserFactory
from tests.overview.pages import open_page, send, team_page_of

Queries = Callable[..., Any]


def name_people(client: Client, who: User, team: TaskTeam, **data: Any) -> Any:
    team.refresh_from_db()
    data = {
        "name": team.name,
        "lead_unit": team.lead_unit,
        "head": team.head_id or "",
        "leader": team.leader_id or "",
        "expected_version": team.version,
        **data,
    }
    return send(client, who, "team_appoint", team.pk, **data)


def test_office_names_head_and_leader(client: Client, cast: Cast, administrator: User) -> None:
    new_leader = UserFactory(username="new_leader", display_name="新链长")
    response = name_people(
        client, cast.coordinator, cast.team_a, head=cast.member_a.pk, leader=new_leader.pk
    )
    assert response.status_code == 302
    cast.team_a.refresh_from_db()
    assert (cast.team_a.head, cast.team_a.leader) == (cast.member_a, new_leader)
    assert name_people(client, administrator, cast.team_a, head=cast.head_a.pk).status_code == 302


def test_leaders_group_keeps_in_step(client: Client, cast: Cast) -> None:
    new_leader = UserFactory(username="new_leader", display_name="新链长")
    name_people(client, cast.coordinator, cast.team_a, leader=new_leader.pk)
    assert list(role_group(CHAIN_LEADER).user_set.all()) == [new_leader]
    assert open_page(client, new_leader, team_page_of(cast.team_a)).status_code == 200
    assert open_page(client, cast.chain_leader_a, team_page_of(cast.team_a)).status_code == 404


def test_leader_of_two_teams_stays_in_the_group(cast: Cast) -> None:
    appoint(team=cast.team_b, leader=cast.chain_leader_a, by=cast.coordinator)
    appoint(team=cast.team_a, leader=None, by=cast.coordinator)
    assert role_group(CHAIN_LEADER).user_set.filter(pk=cast.chain_leader_a.pk).exists()


def test_renamed_team_renames_its_group(client: Client, cast: Cast) -> None:
    name_people(client, cast.coordinator, cast.team_a, name="航空航天招商专班")
    cast.team_a.refresh_from_db()
    assert (cast.team_a.name, cast.team_a.group.name) == ("航空航天招商专班",) * 2


def test_head_comes_from_the_team(client: Client, cast: Cast) -> None:
    response = name_people(client, cast.coordinator, cast.team_a, head=cast.member_b.pk)
    assert response.context["form"].errors["head"]


@pytest.mark.parametrize(("who", "status"), [("head_a", 403), ("member_a", 403), ("head_b", 404)])
def test_others_name_nobody(client: Client, cast: Cast, who: str, status: int) -> None:
    response = name_people(client, getattr(cast, who), cast.team_a, head=cast.member_a.pk)
    assert response.status_code == status
    cast.team_a.refresh_from_db()
    assert cast.team_a.head == cast.head_a


def test_outdated_appointment_changes_nothing(client: Client, cast: Cast) -> None:
    response = name_people(
        client, cast.coordinator, cast.team_a, head=cast.member_a.pk, expected_version=1
    )
    assert response.status_code == 302
    cast.team_a.refresh_from_db()
    assert cast.team_a.head == cast.head_a


def test_appointment_without_a_revision_is_refused(client: Client, cast: Cast) -> None:
    response = name_people(client, cast.coordinator, cast.team_a, expected_version="")
    assert response.context["form"].errors


def test_outposts_are_chosen_by_the_office(client: Client, cast: Cast) -> None:
    outpost = Outpost.objects.create(name="上海驻点", city="上海")
    cast.team_a.refresh_from_db()
    data = {"outposts": [outpost.pk], "expected_version": cast.team_a.version}
    assert send(client, cast.head_a, "team_outposts", cast.team_a.pk, **data).status_code == 403
    assert (
        send(client, cast.coordinator, "team_outposts", cast.team_a.pk, **data).status_code == 302
    )
    assert list(cast.team_a.outposts.all()) == [outpost]


# --- The list of teams -----------------------------------------------------------------------


def test_list_of_teams_takes_a_member_to_the_own_team(client: Client, cast: Cast) -> None:
    response = open_page(client, cast.member_a, reverse("admin:chains_taskteam_changelist"))
    assert response.url == team_page_of(cast.team_a)


def test_list_of_teams_shows_the_office_all(client: Client, cast: Cast) -> None:
    response = open_page(client, cast.coordinator, reverse("admin:chains_taskteam_changelist"))
    assert set(response.context["cl"].result_list) == {cast.team_a, cast.team_b}
    assert team_page_of(cast.team_a) in response.content.decode()


def test_teams_form_is_its_page(client: Client, cast: Cast) -> None:
    address = reverse("admin:chains_taskteam_change", args=[cast.team_a.pk])
    assert open_page(client, cast.coordinator, address).url == team_page_of(cast.team_a)
    assert open_page(client, cast.member_b, address).status_code == 404


# --- The lead unit ---------------------------------------------------------------------------


def test_office_names_the_person_of_the_lead_unit(client: Client, cast: Cast) -> None:
    team = cast.team_a
    answer = name_people(client, cast.coordinator, team, lead_unit_person=cast.second_member_a.pk)
    assert answer.status_code == 302
    team.refresh_from_db()
    assert team.lead_unit_person == cast.second_member_a
    shown = open_page(client, cast.member_a, team_page_of(team))
    assert str(cast.second_member_a) in shown.content.decode()
    opened = open_page(client, cast.coordinator, reverse("admin:team_appoint", args=[team.pk]))
    assert opened.context["form"].initial["lead_unit_person"] == cast.second_member_a.pk


@pytest.mark.parametrize("name", ["member_b", "outsider", "disabled"])
def test_person_of_the_lead_unit_is_a_member(client: Client, cast: Cast, name: str) -> None:
    person = getattr(cast, name)
    answer = name_people(client, cast.coordinator, cast.team_a, lead_unit_person=person.pk)
    assert answer.context["form"].errors["lead_unit_person"]
    with pytest.raises(RuleViolation):
        appoint(team=cast.team_a, lead_unit_person=person, by=cast.coordinator)


def test_person_of_the_lead_unit_does_not_leave_before_another_is_named(cast: Cast) -> None:
    person = cast.second_member_a
    appoint(team=cast.team_a, lead_unit_person=person, by=cast.coordinator)
    with pytest.raises(RuleViolation) as refused:
        remove_member(team=cast.team_a, user=person, by=cast.coordinator)
    assert refused.value.code == "is_lead_unit"
    appoint(team=cast.team_a, lead_unit_person=None, by=cast.coordinator)
    remove_member(team=cast.team_a, user=person, by=cast.coordinator)


def test_team_without_a_person_of_the_lead_unit_says_so(client: Client, cast: Cast) -> None:
    shown = open_page(client, cast.coordinator, team_page_of(cast.team_a)).content.decode()
    assert "尚未指定联系人" in shown
