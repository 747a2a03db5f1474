"""People come and go; the auth Group, which decides what they see, keeps in step."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from chains.actions.teams import (
    add_member,
    appoint,
    create_team,
    refresh_group_permissions,
    remove_member,
    set_outposts,
)
from chains.models import Outpost, TaskTeam, TeamMembership
from chains.roles import CHAIN_LEADER, COORDINATION, GROUP_NAMES, MEMBER, ROLES, role_group
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.models import User
from tests.cast import Cast
from tests.factories import ChainFactory, UserFactory, log_a_lead
from tests.threads import at_once

TODAY = timezone.localdate()
DAY = timedelta(days=1)


def members(team: TaskTeam) -> set[str]:
    """Who belongs to the team by its open memberships; the Group must say the same."""
    by_rows = set(team.memberships.current().values_list("user__username", flat=True))
    by_group = set(team.group.user_set.values_list("username", flat=True))
    assert by_rows == by_group
    return by_rows


def refusal_of(call: Any) -> tuple[str, str | None]:
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code, refusal.value.field


# --- Coming and going -----------------------------------------------------------------------


def test_team_is_made_with_its_group_and_what_members_may_do(cast: Cast) -> None:
    team = create_team(chain=ChainFactory(), name="新能源专班", by=cast.coordinator)
    assert team.group.name == "新能源专班"
    person = UserFactory()
    add_member(team=team, user=person, by=cast.coordinator)
    granted = User.objects.get(pk=person.pk).get_all_permissions()
    assert granted == {f"{app}.{codename}" for app, codename in ROLES[MEMBER]}


def test_group_keeps_in_step(cast: Cast) -> None:
    team, person = cast.team_a, UserFactory(username="newcomer")
    before = members(team)
    add_member(team=team, user=person, by=cast.head_a)
    assert members(team) == before | {"newcomer"}
    remove_member(team=team, user=person, by=cast.head_a)
    assert members(team) == before
    add_member(team=team, user=person, by=cast.head_a)
    assert members(team) == before | {"newcomer"}
    assert team.memberships.filter(user=person).count() == 2


def test_who_leaves_sees_nothing_from_that_moment(cast: Cast) -> None:
    lead = log_a_lead(by=cast.second_member_a)
    assert lead in type(lead).objects.visible_to(cast.member_a)
    remove_member(team=cast.team_a, user=cast.member_a, by=cast.head_a)
    assert lead not in type(lead).objects.visible_to(cast.member_a)
    assert not User.objects.get(pk=cast.member_a.pk).has_perm("leads.view_lead")


def test_membership_tells_since_when_and_until_when(cast: Cast) -> None:
    person = UserFactory()
    outpost = Outpost.objects.create(name="上海驻点", city="上海")
    joined = add_member(
        team=cast.team_a, user=person, by=cast.head_a, outpost=outpost, joined_on=TODAY - 9 * DAY
    )
    left = remove_member(team=cast.team_a, user=person, by=cast.head_a, left_on=TODAY - DAY)
    assert (joined.pk, left.joined_on, left.left_on) == (left.pk, TODAY - 9 * DAY, TODAY - DAY)
    assert left.outpost == outpost


def test_every_change_of_people_raises_the_teams_revision(cast: Cast) -> None:
    before = TaskTeam.objects.get(pk=cast.team_a.pk).version
    person = UserFactory()
    add_member(team=cast.team_a, user=person, by=cast.head_a)
    remove_member(team=cast.team_a, user=person, by=cast.head_a)
    assert TaskTeam.objects.get(pk=cast.team_a.pk).version == before + 2


@pytest.mark.parametrize(
    ("who", "code"), [("member_a", "member"), ("head_a", "member"), ("outsider", None)]
)
def test_nobody_joins_twice(cast: Cast, who: str, code: str | None) -> None:
    join = {"team": cast.team_a, "user": getattr(cast, who), "by": cast.coordinator}
    if code is None:
        assert add_member(**join).left_on is None
    else:
        assert refusal_of(lambda: add_member(**join)) == (code, "user")


def test_refusals_stand_at_their_field(cast: Cast) -> None:
    team, by = cast.team_a, cast.coordinator
    person = UserFactory()
    disabled = UserFactory(is_active=False)
    join = {"team": team, "by": by}
    assert refusal_of(lambda: add_member(**join, user=disabled)) == ("disabled", "user")
    early = refusal_of(lambda: add_member(**join, user=person, joined_on=TODAY + DAY))
    assert early == ("in_future", "joined_on")
    assert refusal_of(lambda: remove_member(**join, user=person)) == ("not_member", "user")
    assert refusal_of(lambda: remove_member(**join, user=cast.head_a)) == ("is_head", "user")
    late = refusal_of(lambda: remove_member(**join, user=cast.member_a, left_on=TODAY + DAY))
    assert late == ("in_future", "left_on")
    before = refusal_of(
        lambda: remove_member(**join, user=cast.member_a, left_on=date(2019, 12, 31))
    )
    assert before == ("left_early", "left_on")
    assert members(team) == {"head_a", "member_a", "second_member_a", "disabled"}


@pytest.mark.parametrize("who", ["member_a", "head_b", "chain_leader_a", "outsider", "disabled"])
def test_people_are_changed_by_head_and_office_only(cast: Cast, who: str) -> None:
    by = getattr(cast, who)
    for verb in (
        lambda: add_member(team=cast.team_a, user=UserFactory(), by=by),
        lambda: remove_member(team=cast.team_a, user=cast.second_member_a, by=by),
        lambda: appoint(team=cast.team_a, head=cast.member_a, by=by),
        lambda: set_outposts(team=cast.team_a, outposts=[], by=by),
        lambda: create_team(chain=ChainFactory(), name="自封专班", by=by),
    ):
        assert refusal_of(verb)[0] == "not_allowed"


# --- Head, leader, name ---------------------------------------------------------------------


def test_head_is_a_member_and_active(cast: Cast) -> None:
    name = {"team": cast.team_a, "by": cast.coordinator}
    assert refusal_of(lambda: appoint(**name, head=cast.outsider)) == ("head_not_member", "head")
    assert refusal_of(lambda: appoint(**name, head=cast.disabled)) == ("disabled", "head")
    assert refusal_of(lambda: appoint(**name, leader=cast.disabled)) == ("disabled", "leader")
    assert appoint(**name, head=cast.member_a).head == cast.member_a


def test_leader_need_not_be_a_member_and_may_read(cast: Cast) -> None:
    leader = UserFactory()
    appoint(team=cast.team_a, leader=leader, by=cast.coordinator)
    lead = log_a_lead(by=cast.member_a)
    assert lead in type(lead).objects.visible_to(leader)
    assert User.objects.get(pk=leader.pk).has_perm("leads.view_lead")
    assert lead not in type(lead).objects.visible_to(cast.chain_leader_a)
    assert not User.objects.get(pk=cast.chain_leader_a.pk).has_perm("leads.view_lead")


def test_name_of_team_and_group_is_one(cast: Cast) -> None:
    name = {"team": cast.team_a, "by": cast.coordinator}
    assert appoint(**name, name=" 空天专班 ").name == "空天专班"
    assert TaskTeam.objects.get(pk=cast.team_a.pk).group.name == "空天专班"
    taken = refusal_of(lambda: appoint(**name, name="新材料专班"))
    assert taken == ("name_taken", "name")
    assert refusal_of(lambda: appoint(**name, name=" ")) == ("name_missing", "name")
    assert refusal_of(lambda: appoint(**name, name="长" * 41)) == ("max_length", "name")
    assert TaskTeam.objects.get(pk=cast.team_a.pk).group.name == "空天专班"


def test_team_is_made_once_a_chain(cast: Cast) -> None:
    make = {"by": cast.coordinator}
    again = refusal_of(lambda: create_team(chain=cast.chain_a, name="第二专班", **make))
    assert again == ("has_team", "chain")
    taken = refusal_of(lambda: create_team(chain=ChainFactory(), name="新材料专班", **make))
    assert taken == ("name_taken", "name")
    assert not Group.objects.filter(name="第二专班").exists()


def test_outdated_page_does_not_appoint(cast: Cast) -> None:
    change = {"team": cast.team_a, "by": cast.coordinator}
    version = TaskTeam.objects.get(pk=cast.team_a.pk).version
    appoint(**change, lead_unit="甲局", expected=version)
    with pytest.raises(VersionConflict):
        appoint(**change, lead_unit="乙局", expected=version)


def test_outposts_of_a_team(cast: Cast) -> None:
    outpost = Outpost.objects.create(name="上海驻点", city="上海")
    set_outposts(team=cast.team_a, outposts=[outpost], by=cast.coordinator)
    assert list(cast.team_a.outposts.all()) == [outpost]


# --- Roles ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_every_permission_of_a_role_exists(db: None, role: str) -> None:
    """A misspelt code would silently grant nothing."""
    name = GROUP_NAMES.get(role)
    if name is None:
        group = create_team(chain=ChainFactory(), name="专班", by=None).group
    else:
        group = role_group(role)
    granted = group.permissions.values_list("content_type__app_label", "codename")
    assert set(granted) == ROLES[role]


def test_role_groups_are_named_in_the_sites_language(db: None) -> None:
    """An administrator assigns them by name; whoever runs the command may read English."""
    with translation.override("en"):
        english = role_group(COORDINATION)
    assert english.name == "招商办"
    assert role_group(COORDINATION) == english
    assert [role_group(role).name for role in GROUP_NAMES] == [
        str(name) for name in GROUP_NAMES.values()
    ]
    assert not any(str(role_group(role).name).isascii() for role in GROUP_NAMES)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_but_the_offices_sees_all_teams(role: str) -> None:
    assert (("chains", "see_all_teams") in ROLES[role]) == (role == COORDINATION)
    assert ("leads", "read_confidential_leads") not in ROLES[role]


def test_readers_change_nothing() -> None:
    assert {codename.split("_")[0] for _app, codename in ROLES[CHAIN_LEADER]} == {"view"}


def test_upgrade_gives_every_team_what_members_have_now(cast: Cast) -> None:
    cast.team_a.group.permissions.clear()
    refresh_group_permissions()
    assert cast.team_a.group.permissions.count() == len(ROLES[MEMBER])


# --- What the database holds, and two at once -----------------------------------------------


def test_database_refuses_two_open_memberships_and_one_that_ends_before_it_begins(
    cast: Cast,
) -> None:
    row = {"team": cast.team_a, "user": cast.member_a, "joined_on": TODAY}
    with pytest.raises(IntegrityError), transaction.atomic():
        TeamMembership.objects.create(**row)
    with pytest.raises(IntegrityError, match="membership_ends_after_start"), transaction.atomic():
        TeamMembership.objects.create(**row, left_on=TODAY - DAY)


@pytest.mark.django_db(transaction=True)
def test_person_added_by_two_at_once_is_in_the_team_once(cast: Cast) -> None:
    person = UserFactory(username="newcomer")
    outcomes = at_once(
        lambda: add_member(team=cast.team_a, user=person, by=cast.head_a),
        lambda: add_member(team=cast.team_a, user=person, by=cast.coordinator),
    )
    assert len([o for o in outcomes if isinstance(o, TeamMembership)]) == 1, outcomes
    assert len([o for o in outcomes if isinstance(o, RuleViolation)]) == 1, outcomes
    assert "newcomer" in members(cast.team_a)
