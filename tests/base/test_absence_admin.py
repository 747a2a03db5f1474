"""Absences: entered for oneself, by a head for the team, by the office for everybody."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.asserts import assertContains, assertNotContains

from kfq_crm.base.absences import away_on, enter_absence, kept_by
from kfq_crm.base.models import Absence, AccessEntry, User
from tests.cast import Cast
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
LIST, ADD = "admin:base_absence_changelist", "admin:base_absence_add"
TODAY = timezone.localdate()


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def absence(user: User, first: int = 0, last: int = 3, **values: Any) -> Absence:
    values = {"deputy": None, "by": user, **values}
    return enter_absence(user=user, first_day=day(first), last_day=day(last), **values)


def form(first: int = 1, last: int = 5, **values: Any) -> dict[str, Any]:
    return {"first_day": day(first), "last_day": day(last), "deputy": "", **values}


def change(row: Absence) -> str:
    return reverse("admin:base_absence_change", args=[row.pk])


def remove(row: Absence) -> str:
    return reverse("admin:base_absence_remove", args=[row.pk])


# --- Entering --------------------------------------------------------------------------------


def test_member_enters_the_own_days_and_a_deputy(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    assertNotContains(client.get(reverse(ADD)), 'name="user"')
    client.post(reverse(ADD), form(deputy=cast.second_member_a.pk))
    row = Absence.objects.get()
    assert (row.user, row.deputy, row.entered_by) == (
        cast.member_a,
        cast.second_member_a,
        cast.member_a,
    )
    assert away_on(day(5)) == {cast.member_a.pk: cast.second_member_a.pk}
    assert away_on(day(6)) == {}


def test_somebody_elses_number_in_the_form_is_not_read(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    client.post(reverse(ADD), form(user=cast.member_b.pk))
    assert Absence.objects.get().user == cast.member_a


def test_each_keeps_exactly_these_absences(cast: Cast) -> None:
    team = {"head_a", "member_a", "second_member_a"}
    everybody = {name for name, person in cast.people() if person.is_active}
    expected = {name: {name} for name in everybody}
    expected |= {"head_a": team, "head_b": {"head_b", "member_b"}, "coordinator": everybody}
    for name, rows in expected.items():
        person = getattr(cast, name)
        assert set(kept_by(person).values_list("username", flat=True)) == rows, name


def test_head_enters_days_for_the_team_and_nobody_else(client: Client, cast: Cast) -> None:
    client.force_login(cast.head_a)
    client.post(reverse(ADD), form(user=cast.member_a.pk))
    row = Absence.objects.get()
    assert (row.user, row.entered_by) == (cast.member_a, cast.head_a)
    answer = client.post(reverse(ADD), form(user=cast.member_b.pk))
    assertContains(answer, "您不能登记此人的外出")
    assert Absence.objects.count() == 1


def test_form_names_the_person_and_goes_back_as_it_came(client: Client, cast: Cast) -> None:
    """What the pickers show is what the browser sends."""
    client.force_login(cast.head_a)
    assertContains(client.get(reverse(ADD)), f'<option value="{cast.head_a.pk}"')
    row = absence(cast.member_a, deputy=cast.second_member_a, by=cast.head_a)
    assertContains(client.get(change(row)), f'<option value="{cast.second_member_a.pk}"')


def test_entering_is_on_record(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    client.post(reverse(ADD), form())
    entry = AccessEntry.objects.get(subject="absence.entered")
    assert entry.detail["account"] == "member_a"
    client.force_login(cast.coordinator)
    log = client.get(reverse("admin:base_accessentry_changelist"))
    assertContains(log, "登记外出")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"last_day": day(0)}, "last_day"),
        ({"last_day": day(500)}, "last_day"),
        ({"first_day": ""}, "first_day"),
        ({"first_day": "2026-13-01"}, "first_day"),
        ({"first_day": "明天"}, "first_day"),
        ({"deputy": "987654"}, "deputy"),
        ({"deputy": "x"}, "deputy"),
    ],
)
def test_bad_input_is_told_at_its_field(
    client: Client, cast: Cast, values: dict[str, Any], field: str
) -> None:
    client.force_login(cast.member_a)
    answer = client.post(reverse(ADD), form(**values))
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == {field}
    assert not Absence.objects.exists()


def test_nobody_stands_in_for_oneself(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    answer = client.post(reverse(ADD), form(deputy=cast.member_a.pk))
    assertContains(answer, "请另选一位在用账号的同事代岗")


def test_days_of_one_person_do_not_overlap(client: Client, cast: Cast) -> None:
    absence(cast.member_a, 3, 8)
    client.force_login(cast.member_a)
    assertContains(client.post(reverse(ADD), form(1, 3)), "日期重叠")
    client.post(reverse(ADD), form(1, 2))
    assert Absence.objects.count() == 2


def test_dates_are_read_in_any_spelling(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    client.post(reverse(ADD), form(first_day="2031.3.5", last_day="２０３１年3月6日"))
    row = Absence.objects.get()
    assert (row.first_day, row.last_day) == (date(2031, 3, 5), date(2031, 3, 6))


# --- Changing and taking back ----------------------------------------------------------------


def test_change_by_the_person_and_view_by_all_others(client: Client, cast: Cast) -> None:
    row = absence(cast.member_a)
    client.force_login(cast.member_b)
    assertNotContains(client.get(change(row)), 'name="last_day"')
    assert client.post(change(row), form(expected_version=row.version)).status_code == 403
    client.force_login(cast.member_a)
    client.post(change(row), form(0, 9, expected_version=row.version))
    row.refresh_from_db()
    assert (row.last_day, row.version) == (day(9), 2)


def test_outdated_page_overwrites_nothing(client: Client, cast: Cast) -> None:
    row = absence(cast.member_a)
    client.force_login(cast.member_a)
    client.post(change(row), form(0, 9, expected_version=1))
    assert client.post(change(row), form(0, 5, expected_version=1)).status_code == 409
    row.refresh_from_db()
    assert row.last_day == day(9)


def test_days_to_come_are_taken_back_whole(client: Client, cast: Cast) -> None:
    row = absence(cast.member_a, 2, 4)
    client.force_login(cast.member_a)
    assertContains(client.get(change(row)), remove(row))
    client.post(remove(row), {"expected_version": row.version})
    assert not Absence.objects.exists()


def test_days_that_are_over_stay(client: Client, cast: Cast) -> None:
    row = absence(cast.member_a, -3, 4)
    client.force_login(cast.member_a)
    assertContains(client.get(remove(row)), "截至昨日的外出记录保留")
    client.post(remove(row), {"expected_version": row.version})
    row.refresh_from_db()
    assert row.last_day == day(-1)
    assertContains(client.get(remove(row)), "这些日期已过")


def test_taking_back_an_outdated_page_takes_nothing(client: Client, cast: Cast) -> None:
    row = absence(cast.member_a)
    client.force_login(cast.member_a)
    client.post(remove(row), {"expected_version": 7})
    row.refresh_from_db()
    assert row.last_day == day(3)


@pytest.mark.parametrize("who", ["member_b", "chain_leader_a", "outsider", "head_b"])
def test_nobody_else_takes_it_back(client: Client, cast: Cast, who: str) -> None:
    row = absence(cast.member_a)
    client.force_login(getattr(cast, who))
    assert client.post(remove(row), {"expected_version": 1}).status_code == 403


# --- The list --------------------------------------------------------------------------------


def test_list_shows_who_is_away_and_who_stands_in(client: Client, cast: Cast) -> None:
    now = absence(cast.member_a, -1, 3, deputy=cast.second_member_a)
    coming = absence(cast.head_a, 5, 5)
    over = absence(cast.member_b, -9, -8)
    client.force_login(cast.outsider)
    answer = client.get(reverse(LIST))
    assert answer.context["cl"].result_list == [now, coming]
    for word in ("外出中", "即将外出", "人员second_member_a", "无人代岗"):
        assertContains(answer, word)
    everything = client.get(reverse(LIST), {"tab": "all"}).context["cl"].result_list
    assert set(everything) == {now, coming, over}
    client.force_login(cast.member_b)
    assert client.get(reverse(LIST), {"tab": "own"}).context["cl"].result_list == [over]


def test_deputy_who_left_is_said(client: Client, cast: Cast) -> None:
    absence(cast.member_a, deputy=cast.second_member_a)
    User.objects.filter(pk=cast.second_member_a.pk).update(is_active=False)
    client.force_login(cast.member_a)
    assertContains(client.get(reverse(LIST)), "账号已停用")
    assert away_on(TODAY) == {cast.member_a.pk: None}


def test_own_account_tells_of_today(client: Client, cast: Cast) -> None:
    absence(cast.member_a, 0, 3, deputy=cast.second_member_a)
    client.force_login(cast.member_a)
    answer = client.get(reverse("admin:own_account"))
    assertContains(answer, "由人员second_member_a代岗")


@pytest.mark.parametrize("count", [1, 50])
def test_list_asks_as_often_for_one_as_for_fifty(
    client: Client,
    cast: Cast,
    count: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _number in range(count):
        absence(UserFactory(), deputy=cast.member_a)
    client.force_login(cast.member_a)
    client.get(reverse(LIST))
    with django_assert_max_num_queries(16):
        assert len(client.get(reverse(LIST)).context["cl"].result_list) == count
