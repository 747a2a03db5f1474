"""The working-day calendar: the year's picture, own days, spans, what is provisional."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.calendar import current_calendar, load_year, set_days
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessEntry, CalendarDay
from tests.cast import Cast

pytestmark = pytest.mark.django_db
LIST = "admin:base_calendarday_changelist"
ADD = "admin:base_calendarday_add"


@pytest.fixture
def office(client: Client, cast: Cast) -> Client:
    client.force_login(cast.coordinator)
    return client


def year(client: Client, number: int) -> Any:
    return client.get(reverse(LIST), {"year": number})


def cell(answer: Any, day: date) -> Any:
    weeks = answer.context["months"][day.month - 1]["weeks"]
    return next(c for week in weeks for c in week if c and c.day == day)


def test_year_shows_the_published_calendar(office: Client) -> None:
    answer = year(office, 2025)
    holiday, make_up = cell(answer, date(2025, 10, 1)), cell(answer, date(2025, 10, 11))
    assert (holiday.works, str(holiday.sign)) == (False, "休")
    assert (make_up.works, str(make_up.sign)) == (True, "班")
    assert answer.context["workdays"] == 248
    assertNotContains(answer, "暂按周末推算")


def test_year_beyond_the_last_notice_says_so(office: Client) -> None:
    assertContains(year(office, 2031), "暂按周末推算")
    set_days(
        first=date(2031, 1, 1),
        is_workday=False,
        label="元旦",
        by=office.get(reverse(LIST)).context["user"],
    )
    assertNotContains(year(office, 2031), "暂按周末推算")


@pytest.mark.parametrize("text", ["", "20", "abcd", "9999", "1999", "-200"])
def test_odd_year_shows_the_present_one(office: Client, text: str) -> None:
    with time_machine.travel(date(2026, 5, 5)):
        assert office.get(reverse(LIST), {"year": text}).context["year"] == 2026


def test_every_year_on_offer_can_be_opened(office: Client) -> None:
    for number in (2004, 2100):
        assert year(office, number).status_code == 200


def test_span_is_entered_at_once(office: Client) -> None:
    form = {"day": "2031年10月1日", "until": "2031.10.7", "label": "国庆节"}
    assertRedirects(
        office.post(reverse(ADD), form),
        f"{reverse(LIST)}?year=2031",
        fetch_redirect_response=False,
    )
    assert CalendarDay.objects.filter(is_workday=False, label="国庆节").count() == 7
    assert not current_calendar().is_workday(date(2031, 10, 3))
    assert AccessEntry.objects.filter(subject="calendar.day_set").count() == 7


@pytest.mark.parametrize("until", ["2031-09-30", "2031-12-31"])
def test_span_is_refused_at_its_field(office: Client, until: str) -> None:
    answer = office.post(reverse(ADD), {"day": "2031-10-01", "until": until, "label": "x"})
    assert answer.context["adminform"].form.errors["until"]
    assert not CalendarDay.objects.exists()


def test_day_entered_again_is_corrected(office: Client) -> None:
    office.post(reverse(ADD), {"day": "2031-05-05", "label": "错"})
    office.post(reverse(ADD), {"day": "2031-05-05", "is_workday": "on", "label": "对"})
    row = CalendarDay.objects.get()
    assert (row.is_workday, row.label) == (True, "对")
    change = reverse("admin:base_calendarday_change", args=[row.pk])
    office.post(change, {"is_workday": "", "label": "又改"})
    row.refresh_from_db()
    assert (row.day, row.is_workday, row.label) == (date(2031, 5, 5), False, "又改")


def test_day_is_taken_out_and_the_act_recorded(office: Client) -> None:
    row = CalendarDay.objects.create(day=date(2031, 5, 5), is_workday=False, label="x")
    office.post(reverse("admin:base_calendarday_delete", args=[row.pk]), {"post": "yes"})
    assert not CalendarDay.objects.exists()
    assert AccessEntry.objects.filter(subject="calendar.day_removed").count() == 1


def test_members_read_and_do_not_write(client: Client, cast: Cast) -> None:
    row = CalendarDay.objects.create(day=date(2031, 5, 5), is_workday=False, label="x")
    client.force_login(cast.member_a)
    answer = year(client, 2031)
    assert answer.status_code == 200
    assertNotContains(answer, reverse(ADD))
    assert client.post(reverse(ADD), {"day": "2031-06-06"}).status_code == 403
    delete = reverse("admin:base_calendarday_delete", args=[row.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    with pytest.raises(RuleViolation):
        set_days(first=date(2031, 6, 6), is_workday=False, label="", by=cast.member_a)
    assert list(CalendarDay.objects.values_list("pk", flat=True)) == [row.pk]


def test_staff_without_a_role_have_no_calendar(client: Client, cast: Cast) -> None:
    client.force_login(cast.outsider)
    assert year(client, 2026).status_code == 403


def test_year_takes_few_queries(office: Client, django_assert_max_num_queries) -> None:
    CalendarDay.objects.bulk_create(
        CalendarDay(day=date(2026, 3, number), is_workday=False) for number in range(1, 29)
    )
    with django_assert_max_num_queries(14):
        year(office, 2026)


# --- The days of a notice --------------------------------------------------------------------


def test_days_of_a_notice_are_entered_by_a_button(office: Client) -> None:
    load = reverse("admin:base_calendarday_load", args=[2026])
    assertContains(year(office, 2026), load)
    before = [current_calendar().is_workday(date(2026, 10, day)) for day in range(1, 32)]
    assertRedirects(office.post(load), f"{reverse(LIST)}?year=2026", fetch_redirect_response=False)
    row = CalendarDay.objects.get(day=date(2026, 10, 1))
    assert (row.is_workday, row.label) == (False, "国庆节")
    assert CalendarDay.objects.get(day=date(2026, 10, 10)).is_workday
    assert [current_calendar().is_workday(date(2026, 10, day)) for day in range(1, 32)] == before
    assert AccessEntry.objects.filter(subject="calendar.year_loaded").count() == 1
    assertNotContains(year(office, 2026), load)


def test_entered_days_of_a_notice_are_kept_as_the_office_edited_them(office: Client) -> None:
    CalendarDay.objects.create(day=date(2026, 10, 2), is_workday=True, label="值班")
    office.post(reverse("admin:base_calendarday_load", args=[2026]))
    assert CalendarDay.objects.get(day=date(2026, 10, 2)).label == "值班"
    picture = year(office, 2026)
    assert cell(picture, date(2026, 10, 2)).departs
    assert not cell(picture, date(2026, 10, 1)).departs


@pytest.mark.parametrize(("number", "status"), [(2027, 302), (1999, 404), (99999, 404)])
def test_year_without_a_notice_enters_nothing(office: Client, number: int, status: int) -> None:
    answer = office.post(reverse("admin:base_calendarday_load", args=[number]))
    assert answer.status_code == status
    assert not CalendarDay.objects.exists()


def test_days_of_a_notice_are_the_office_s_to_enter(client: Client, cast: Cast) -> None:
    load = reverse("admin:base_calendarday_load", args=[2026])
    client.force_login(cast.member_a)
    assert client.post(load).status_code == 403
    assert client.get(load).status_code == 405
    with pytest.raises(RuleViolation):
        load_year(year=2026, by=cast.member_a)
    assert not CalendarDay.objects.exists()
