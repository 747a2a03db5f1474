"""Accounts: who keeps them, one-time passwords, disabling, roles."""

import re

import pytest
from django.contrib.auth import authenticate
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.translation import override
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from chains.roles import ADMINISTRATION, COORDINATION, role_group
from kfq_crm.base import accounts
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.models import AccessEntry, AccessKind, User
from tests.cast import Cast
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
FACTS = {"display_name": "周子昂", "unit": "招商局", "post": "", "phone": "", "email": ""}


@pytest.fixture
def administrator(db: None) -> User:
    person = UserFactory(username="administrator")
    person.groups.add(role_group(ADMINISTRATION))
    return User.objects.get(pk=person.pk)


@pytest.fixture
def office(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


def page(name: str, *args: object) -> str:
    return reverse(f"admin:base_user_{name}", args=args)


def acts() -> list[str]:
    entries = AccessEntry.objects.filter(kind=AccessKind.ADMINISTRATION).order_by("number")
    return list(entries.values_list("subject", flat=True))


def knows(username: str, password: str) -> bool:
    request = RequestFactory().post("/")
    return authenticate(request, username=username, password=password) is not None


def issued_password(answer: object) -> str:
    found = re.search(r'id="one-time-password">([^<]+)<', answer.content.decode())  # type: ignore[attr-defined]
    assert found
    return found[1]


# --- Making ----------------------------------------------------------------------------------


def test_new_account_gets_a_password_that_is_shown_once(office: Client) -> None:
    answer = office.post(page("add"), {"username": "zhou.ziang", **FACTS})
    password = issued_password(answer)
    assert answer.headers["Cache-Control"].count("no-store") == 1
    person = User.objects.get(username="zhou.ziang")
    assert (person.is_staff, person.must_change_password, person.display_name) == (
        True,
        True,
        "周子昂",
    )
    assert knows("zhou.ziang", password)
    assertNotContains(office.get(page("change", person.pk)), password)
    assert acts() == ["account.created"]
    assert password not in str(list(AccessEntry.objects.values_list("detail", flat=True)))


@pytest.mark.parametrize("taken", ["administrator", "ADMINISTRATOR"])
def test_sign_in_name_is_nobody_elses(office: Client, taken: str) -> None:
    answer = office.post(page("add"), {"username": taken, **FACTS})
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["username"]
    assert User.objects.count() == 1


def test_account_needs_a_full_name(office: Client) -> None:
    answer = office.post(page("add"), {"username": "someone", **FACTS, "display_name": " "})
    assert answer.context["adminform"].form.errors["display_name"]
    assert not User.objects.filter(username="someone").exists()


def test_one_time_passwords_can_be_read_over_the_telephone() -> None:
    passwords = {accounts.one_time_password() for _try in range(50)}
    assert len(passwords) == 50
    assert all(re.fullmatch(r"([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", p) for p in passwords)


# --- Roles -----------------------------------------------------------------------------------


def test_roles_are_given_and_taken_and_teams_left_alone(
    office: Client, administrator: User, cast: Cast
) -> None:
    member = cast.member_a
    role = role_group(COORDINATION)
    form = {**FACTS, "roles": [role.pk], "expected_version": member.version}
    assert office.post(page("change", member.pk), form).status_code == 302
    assert set(member.groups.all()) == {role, cast.team_a.group}
    form = {**FACTS, "expected_version": member.version + 1}
    office.post(page("change", member.pk), form)
    assert set(member.groups.all()) == {cast.team_a.group}


def test_team_groups_are_no_roles(office: Client, cast: Cast) -> None:
    form = {**FACTS, "roles": [cast.team_b.group.pk], "expected_version": cast.member_a.version}
    answer = office.post(page("change", cast.member_a.pk), form)
    assert answer.context["adminform"].form.errors["roles"]
    assert set(cast.member_a.groups.all()) == {cast.team_a.group}


def test_nobody_changes_the_own_roles(office: Client, administrator: User) -> None:
    form = {
        **FACTS,
        "roles": [role_group(ADMINISTRATION).pk, role_group(COORDINATION).pk],
        "expected_version": administrator.version,
    }
    answer = office.post(page("change", administrator.pk), form)
    assert answer.context["adminform"].form.errors["roles"]
    assert not administrator.groups.filter(pk=role_group(COORDINATION).pk).exists()


def test_second_save_of_an_outdated_form_is_a_conflict(office: Client, cast: Cast) -> None:
    form = {**FACTS, "expected_version": cast.member_a.version}
    office.post(page("change", cast.member_a.pk), form)
    answer = office.post(page("change", cast.member_a.pk), {**form, "unit": "另一单位"})
    assertContains(answer, "另一单位", status_code=409)
    assert User.objects.get(pk=cast.member_a.pk).unit == "招商局"


def test_update_compares_revisions(administrator: User, cast: Cast) -> None:
    with pytest.raises(VersionConflict):
        accounts.update_account(
            user=cast.member_a, values=FACTS, roles=[], by=administrator, expected=7
        )


# --- Who may ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["member_a", "head_a", "coordinator", "chain_leader_a"])
def test_accounts_are_for_administrators_alone(client: Client, cast: Cast, name: str) -> None:
    client.force_login(getattr(cast, name))
    target = cast.member_b.pk
    assert client.get(page("changelist")).status_code == 403
    assert client.get(page("add")).status_code == 403
    assert client.get(page("change", target)).status_code == 403
    for verb in ("reset_password", "disable", "enable", "reset_device"):
        assert client.post(page(verb, target)).status_code == 403
    assert acts() == []


@pytest.mark.parametrize("verb", ["reset_password", "disable", "enable", "reset_device"])
def test_an_administrator_cannot_take_over_a_superuser(office: Client, verb: str) -> None:
    root = UserFactory(username="root", is_superuser=True)
    assert office.post(page(verb, root.pk)).status_code == 403
    assert office.post(page("change", root.pk), FACTS).status_code == 403
    assert knows("root", PASSWORD)


def test_actions_refuse_who_keeps_no_accounts(cast: Cast) -> None:
    for verb in (accounts.disable_account, accounts.enable_account, accounts.set_one_time_password):
        with pytest.raises(RuleViolation, match="."):
            verb(user=cast.member_b, by=cast.coordinator)


def test_names_of_colleagues_can_be_picked(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    assert client.get(reverse("admin:base_user_changelist")).status_code == 403


# --- Passwords -------------------------------------------------------------------------------


def test_reset_replaces_the_password_and_ends_sign_ins(office: Client, cast: Cast) -> None:
    elsewhere = Client()
    elsewhere.force_login(cast.member_a)
    password = issued_password(office.post(page("reset_password", cast.member_a.pk)))
    assert knows("member_a", password)
    assert not knows("member_a", PASSWORD)
    assert elsewhere.get(reverse("admin:own_account")).status_code == 302
    assert acts() == ["account.password_reset"]


def test_reset_opens_a_lock_out(office: Client, cast: Cast) -> None:
    stranger = Client()
    wrong = {"username": "member_a", "password": "wrong"}
    for _attempt in range(5):
        stranger.post(reverse("admin:login"), wrong)
    password = issued_password(office.post(page("reset_password", cast.member_a.pk)))
    right = {"username": "member_a", "password": password}
    assert stranger.post(reverse("admin:login"), right).status_code == 302


def test_one_time_password_must_be_replaced_first(client: Client, cast: Cast) -> None:
    person = cast.member_a
    person.must_change_password = True
    person.save()
    client.force_login(person)
    assertRedirects(client.get(reverse("admin:index")), reverse("admin:password_change"))
    assertRedirects(client.get(reverse("admin:own_account")), reverse("admin:password_change"))
    assertContains(client.get(reverse("admin:password_change")), "new_password1")
    form = {
        "old_password": PASSWORD,
        "new_password1": "河豚不上岸 2026",
        "new_password2": "河豚不上岸 2026",
    }
    assertRedirects(
        client.post(reverse("admin:password_change"), form),
        reverse("admin:index"),
        fetch_redirect_response=False,
    )
    assert client.get(reverse("admin:own_account")).status_code == 200
    assert acts() == ["account.password_changed"]


def test_signing_out_is_open_while_a_password_is_due(client: Client, cast: Cast) -> None:
    cast.member_a.must_change_password = True
    cast.member_a.save()
    client.force_login(cast.member_a)
    assert client.post(reverse("admin:logout")).status_code == 200
    assert "_auth_user_id" not in client.session


def test_new_password_differs_from_the_old_one(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    form = {"old_password": PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD}
    answer = client.post(reverse("admin:password_change"), form)
    assert answer.status_code == 200
    assert answer.context["form"].errors["new_password1"]


@pytest.mark.parametrize(
    ("weak", "said"),
    [
        ("short1!", "10"),
        ("1357924680", "数字"),
        ("password123", "常见"),
        ("member_a.2026", "用户名"),
    ],
)
def test_password_rules_are_told_in_chinese(
    client: Client, cast: Cast, weak: str, said: str
) -> None:
    client.force_login(cast.member_a)
    form = {"old_password": PASSWORD, "new_password1": weak, "new_password2": weak}
    answer = client.post(reverse("admin:password_change"), form)
    told = str(answer.context["form"].errors["new_password2"])
    assert said in told
    assert not re.search("[a-z]{4,}", re.sub("<[^>]*>", "", told))


# --- Disabling -------------------------------------------------------------------------------


def test_disabling_ends_sign_ins_at_once_and_for_good(office: Client, cast: Cast) -> None:
    elsewhere = Client()
    elsewhere.force_login(cast.member_a)
    office.post(page("disable", cast.member_a.pk))
    assert elsewhere.get(reverse("admin:own_account")).status_code == 302
    assert not knows("member_a", PASSWORD)
    password = issued_password(office.post(page("enable", cast.member_a.pk)))
    assert elsewhere.get(reverse("admin:own_account")).status_code == 302
    assert knows("member_a", password)
    assert acts() == ["account.disabled", "account.enabled"]


def test_nobody_disables_the_own_account(office: Client, administrator: User) -> None:
    answer = office.post(page("disable", administrator.pk))
    assert answer.status_code == 200
    assert User.objects.get(pk=administrator.pk).is_active


def test_nobody_is_deleted(office: Client, cast: Cast) -> None:
    assert office.post(page("delete", cast.member_a.pk), {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=cast.member_a.pk).exists()


# --- The pages -------------------------------------------------------------------------------


def test_list_shows_teams_and_states(office: Client, cast: Cast) -> None:
    answer = office.get(page("changelist"), {"tab": "active"})
    assertContains(answer, "航空航天专班")
    assertNotContains(answer, ">disabled<")
    assertContains(office.get(page("changelist"), {"tab": "disabled"}), "人员disabled")


def test_form_links_to_the_teams(office: Client, cast: Cast) -> None:
    assertContains(office.get(page("change", cast.member_a.pk)), cast.team_a.name)


def test_list_takes_as_many_queries_for_many_accounts(
    office: Client, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(12):
        office.get(page("changelist"))
    UserFactory.create_batch(50)
    with django_assert_max_num_queries(12):
        office.get(page("changelist"))


def test_own_account_shows_who_i_am_here(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    answer = client.get(reverse("admin:own_account"))
    assertContains(answer, "member_a")
    assertContains(answer, cast.team_a.name)


def test_refusals_are_in_chinese(administrator: User) -> None:
    with override("zh-hans"), pytest.raises(RuleViolation) as refused:
        accounts.disable_account(user=administrator, by=administrator)
    assert re.search("[一-鿿]", str(refused.value))
