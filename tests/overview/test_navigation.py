"""The sidebar: only links that the person may open, counters where something waits."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse

from chains.roles import ADMINISTRATION, MAYORS_OFFICE, SERVICE, role_group
from kfq_crm.base.models import User
from kfq_crm.overview.navigation import SECTIONS, counters, sidebar
from leads.actions.claims import request_ruling
from tests.cast import Cast
from tests.factories import UserFactory, a_company_name, log_a_lead
from tests.overview.pages import a_lead_due

Queries = Callable[..., Any]


def groups_for(user: User) -> list[dict[str, Any]]:
    request = RequestFactory().get("/admin/")
    request.user = User.objects.get(pk=user.pk)
    return sidebar(request)


def links_for(user: User) -> dict[str, dict[str, Any]]:
    return {item["link"]: item for group in groups_for(user) for item in group["items"]}


def in_role(role: str) -> User:
    user = UserFactory()
    user.groups.add(role_group(role))
    return user


def everybody(cast: Cast) -> list[User]:
    active = [who for _name, who in cast.people() if who.is_active]
    return [*active, *(in_role(role) for role in (ADMINISTRATION, SERVICE, MAYORS_OFFICE))]


def test_every_link_opens_for_whom_it_is_shown(client: Client, cast: Cast) -> None:
    for who in everybody(cast):
        client.force_login(who)
        for address in links_for(who):
            response = client.get(address)
            assert response.status_code in (200, 302), f"{who} {address}"


def test_management_is_for_the_office_and_the_administrator(cast: Cast) -> None:
    rules = reverse("admin:leads_claimrule_changelist")
    shown = [rules in links_for(who) for who in (cast.coordinator, in_role(ADMINISTRATION))]
    hidden = [rules in links_for(who) for who in (cast.head_a, cast.member_a, cast.chain_leader_a)]
    assert (shown, hidden) == ([True, True], [False, False, False])


def test_administrator_is_led_to_no_lead(cast: Cast) -> None:
    links = links_for(in_role(ADMINISTRATION))
    assert reverse("admin:leads_lead_changelist") not in links
    assert reverse("admin:quick_log") not in links
    assert reverse("admin:base_user_changelist") in links


def test_reader_is_not_led_to_the_log(cast: Cast) -> None:
    links = links_for(cast.chain_leader_a)
    assert reverse("admin:leads_lead_changelist") in links
    assert reverse("admin:quick_log") not in links


def test_person_without_rights_has_the_workbench_and_messages_alone(cast: Cast) -> None:
    own = ("workbench", "inbox", "own_messages", "base_absence_changelist")
    assert list(links_for(cast.outsider)) == [reverse(f"admin:{name}") for name in own]


def test_navigation_goes_by_work(cast: Cast) -> None:
    assert len(groups_for(cast.coordinator)) == len(SECTIONS)
    assert all(group["items"] for group in groups_for(cast.member_a))


def badge(user: User, route: str) -> Any:
    return links_for(user)[reverse(route)].get("badge")


def test_overdue_counts_mine_alone(cast: Cast) -> None:
    a_lead_due(-2, by=cast.member_a)
    a_lead_due(-2, by=cast.second_member_a)
    a_lead_due(2, by=cast.member_a)
    assert badge(cast.member_a, "admin:leads_lead_changelist") == "1"
    assert badge(cast.head_a, "admin:leads_lead_changelist") is None


def test_rulings_count_for_the_office(cast: Cast) -> None:
    name = a_company_name()
    log_a_lead(by=cast.member_a, investor=name)
    request_ruling(company_name=name, team=cast.team_b, grounds="先行洽谈", by=cast.member_b)
    assert badge(cast.coordinator, "admin:leads_rulingrequest_changelist") == "1"
    assert badge(cast.member_b, "admin:leads_rulingrequest_changelist") is None


def test_counters_take_one_query(cast: Cast, django_assert_num_queries: Queries) -> None:
    a_lead_due(-2, by=cast.member_a)
    request = RequestFactory().get("/admin/")
    request.user = User.objects.get(pk=cast.coordinator.pk)
    request.user.has_perm("leads.view_lead")  # permissions are read once for the whole request
    with django_assert_num_queries(1):
        counters(request)
        sidebar(request)
        counters(request)


def test_active_link_is_the_place_where_one_is(cast: Cast) -> None:
    request = RequestFactory().get(reverse("admin:chain_page", args=[cast.chain_a.pk]))
    request.user = User.objects.get(pk=cast.member_a.pk)
    active = [
        item["link"] for group in sidebar(request) for item in group["items"] if item["active"]
    ]
    assert active == [reverse("admin:chains_overview")]


@pytest.mark.django_db
def test_stranger_has_no_navigation(client: Client) -> None:
    request = RequestFactory().get("/admin/login/")
    request.user = AnonymousUser()
    assert sidebar(request) == []
    assert client.get("/admin/login/").status_code == 200
