"""The access log as people read it, and the check of its chain."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base.access import record_access
from kfq_crm.base.models import AccessChainHead, AccessEntry, AccessKind, User
from tests.cast import Cast
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(db: None) -> User:
    person = UserFactory(username="administrator")
    person.groups.add(role_group(ADMINISTRATION))
    return User.objects.get(pk=person.pk)


def kinds() -> list[tuple[str, object]]:
    entries = AccessEntry.objects.order_by("number")
    return [(entry.kind, entry.detail.get("account")) for entry in entries]


# --- Sign-ins --------------------------------------------------------------------------------


def test_sign_ins_and_refusals_are_recorded_with_their_address(client: Client) -> None:
    person = UserFactory(username="gu.hang")
    form = {"username": "gu.hang", "password": "wrong"}
    client.post(reverse("admin:login"), form, REMOTE_ADDR="10.1.2.3")
    client.post(reverse("admin:login"), {**form, "password": PASSWORD}, REMOTE_ADDR="10.1.2.3")
    refused, entered = AccessEntry.objects.order_by("number")
    assert (refused.kind, refused.actor, refused.object_id, refused.address) == (
        "sign_in_failed",
        None,
        person.pk,
        "10.1.2.3",
    )
    assert (entered.kind, entered.actor, entered.address) == ("sign_in", person, "10.1.2.3")


def test_unknown_name_is_not_kept_for_it_may_be_a_password(client: Client) -> None:
    form = {"username": "my secret password", "password": "x"}
    client.post(reverse("admin:login"), form)
    assert kinds() == [("sign_in_failed", "")]
    assert "secret" not in str(AccessEntry.objects.values())


# --- Reading ---------------------------------------------------------------------------------


def test_log_reads_in_words(client: Client, administrator: User, cast: Cast) -> None:
    client.force_login(administrator)
    client.post(reverse("admin:base_user_disable", args=[cast.member_a.pk]))
    answer = client.get(reverse("admin:base_accessentry_changelist"))
    assertContains(answer, "停用账号")
    assertContains(answer, "账号：member_a")
    assertNotContains(answer, "account.disabled")


def test_log_is_for_those_who_may(client: Client, cast: Cast) -> None:
    address = reverse("admin:base_accessentry_changelist")
    seen = {}
    for name, person in cast.people():
        if person.is_active:
            client.force_login(person)
            seen[name] = client.get(address).status_code
    assert {name for name, status in seen.items() if status == 200} == {"coordinator"}
    assert {status for name, status in seen.items() if name != "coordinator"} == {403}


def test_nobody_writes_the_log_by_hand(client: Client) -> None:
    client.force_login(UserFactory(is_superuser=True))
    entry = AccessEntry.objects.get()
    assert client.get(reverse("admin:base_accessentry_add")).status_code == 403
    assert client.get(reverse("admin:base_accessentry_change", args=[entry.pk])).status_code == 404
    gone = reverse("admin:base_accessentry_delete", args=[entry.pk])
    assert client.post(gone, {"post": "yes"}).status_code == 403


def test_long_log_takes_as_many_queries(
    client: Client, administrator: User, django_assert_max_num_queries
) -> None:
    client.force_login(administrator)
    address = reverse("admin:base_accessentry_changelist")
    with django_assert_max_num_queries(10):
        client.get(address)
    for number in range(50):
        record_access(AccessKind.EXPORT, by=administrator, subject="leads", detail={"n": number})
    with django_assert_max_num_queries(10):
        client.get(address)


# --- The chain -------------------------------------------------------------------------------


def broken(client: Client) -> bool:
    answer = client.post(reverse("admin:base_accessentry_check"), follow=True)
    told = " ".join(str(message) for message in answer.context["messages"])
    assert ("断裂" in told) != ("完整" in told)
    return "断裂" in told


def test_check_tells_whether_the_chain_is_whole(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    record_access(AccessKind.EXPORT, by=administrator)
    assert not broken(client)
    call_command("check_access_log")
    AccessEntry.objects.order_by("-number")[:1].get().delete()
    assert broken(client)
    with pytest.raises(CommandError, match="line"):
        call_command("check_access_log")


def test_check_is_not_for_everybody(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    assert client.post(reverse("admin:base_accessentry_check")).status_code == 403
    client.force_login(cast.coordinator)
    assert client.get(reverse("admin:base_accessentry_check")).status_code == 405


def test_empty_log_is_whole(db: None) -> None:
    assert not AccessChainHead.objects.exists()
    call_command("check_access_log")
