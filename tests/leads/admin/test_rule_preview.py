"""Before a rule is entered it shows whom it would remind; nothing is written by looking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertRedirects

from kfq_crm.base.models import AccessEntry, OutgoingMail
from leads.models import (
    CadenceRule,
    EscalationStep,
    Lead,
    Reminder,
    ResponseLimit,
    StallRule,
)
from leads.reminders import forecast as forecasting
from leads.reminders.engine import run_reminders
from leads.reminders.forecast import Forecast, forecast
from tests.cast import RULES_SINCE, Cast
from tests.factories import log_a_lead
from tests.mailing import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_monday", "steps")]
Queries = Callable[..., Any]
TUESDAY = date(2026, 11, 24)


@pytest.fixture
def _monday(time_machine: Any) -> None:
    time_machine.move_to("2026-11-23T10:00:00+08:00", tick=False)


@pytest.fixture
def cast(cast: Cast) -> Cast:
    """Everybody can be reached, so that nobody above is told instead."""
    for _name, person in cast.people():
        person.email = f"{person.username}@example.com"
        person.save(update_fields=["email"])
    return cast


@pytest.fixture
def steps(cast: Cast) -> None:
    for offset, role in ((-1, "owner"), (0, "owner"), (0, "head")):
        EscalationStep.objects.create(valid_from=RULES_SINCE, offset=offset, role=role)


@pytest.fixture
def limit(db: None) -> ResponseLimit:
    return ResponseLimit.objects.create(
        valid_from=RULES_SINCE, item="first_response", working_days=10
    )


@pytest.fixture
def office(client: Client, cast: Cast) -> Client:
    client.force_login(cast.coordinator)
    return client


def logged_on(day: date, cast: Cast, **columns: Any) -> Lead:
    moment = timezone.make_aware(datetime.combine(day, datetime.min.time().replace(hour=9)))
    lead = log_a_lead(by=cast.member_a)
    values = {"stage_entered_at": moment, "created_at": moment, "next_action_on": None, **columns}
    Lead.objects.filter(pk=lead.pk).update(**values)
    lead.refresh_from_db()
    return lead


def add(model: str) -> str:
    return reverse(f"admin:leads_{model}_add")


def a_limit(**values: str) -> dict[str, str]:
    return {
        "item": "first_response",
        "band": "",
        "working_days": "1",
        "valid_from": "2026-11-24",
        **values,
    }


def told(result: Forecast) -> dict[str, tuple[int, int]]:
    return {str(line.name): (line.before, line.after) for line in result.people}


def nothing_written() -> bool:
    tables = (Reminder, OutgoingMail)
    return not any(table.objects.exists() for table in tables)


# --- The page --------------------------------------------------------------------------------


def test_rule_is_shown_before_it_is_entered(
    office: Client, cast: Cast, limit: ResponseLimit
) -> None:
    logged_on(date(2026, 11, 20), cast)
    answer = office.post(add("responselimit"), a_limit())
    assert answer.status_code == 200
    result = answer.context["told"]
    assert result.day == TUESDAY
    assert (result.before.items, result.after.items, result.after.persons) == (0, 2, 2)
    assertContains(answer, str(cast.member_a))
    assertContains(answer, str(cast.head_a))
    assert ResponseLimit.objects.count() == 1
    assert nothing_written()
    assert not AccessEntry.objects.filter(subject="rule.added").exists()


def test_confirmed_rule_is_entered(office: Client, cast: Cast, limit: ResponseLimit) -> None:
    form = a_limit() | {"_confirmed": "1"}
    assertRedirects(
        office.post(add("responselimit"), form), reverse("admin:leads_responselimit_changelist")
    )
    assert ResponseLimit.objects.get(valid_from=TUESDAY).working_days == 1
    assert AccessEntry.objects.filter(subject="rule.added").count() == 1


def test_rule_is_changed_before_it_is_entered(office: Client, limit: ResponseLimit) -> None:
    """What was typed stands in the form again."""
    answer = office.post(add("responselimit"), a_limit(working_days="4") | {"_edit_further": "1"})
    form = answer.context["adminform"].form
    assert form.errors["__all__"]
    assert form["working_days"].value() == "4"
    assert ResponseLimit.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"working_days": "0"}, "__all__"),
        ({"working_days": ""}, "working_days"),
        ({"valid_from": "2026-11-22"}, "valid_from"),
        ({"valid_from": "2020-01-01"}, "valid_from"),
        ({"item": "x"}, "item"),
    ],
)
def test_bad_rule_is_refused_without_a_preview(
    office: Client, limit: ResponseLimit, typed: dict[str, str], field: str
) -> None:
    answer = office.post(add("responselimit"), a_limit(**typed))
    assert field in answer.context["adminform"].form.errors
    assert ResponseLimit.objects.count() == 1


@pytest.mark.parametrize("name", ["member_a", "head_a", "chain_leader_a", "outsider"])
def test_preview_is_the_office_s(client: Client, cast: Cast, name: str) -> None:
    client.force_login(getattr(cast, name))
    for model in ("responselimit", "cadencerule", "stallrule", "escalationstep"):
        assert client.post(add(model), a_limit()).status_code == 403


def test_cadence_says_that_days_already_set_stay(office: Client, cast: Cast) -> None:
    form = {"stage": "lead", "band": "", "working_days": "2", "valid_from": "2026-11-24"}
    answer = office.post(add("cadencerule"), form)
    assertContains(answer, "保持不变")
    assert not CadenceRule.objects.filter(valid_from=TUESDAY).exists()


# --- The reckoning ---------------------------------------------------------------------------


def test_forecast_is_what_the_sweep_then_records(cast: Cast, limit: ResponseLimit) -> None:
    for day in (16, 18, 20, 23):
        logged_on(date(2026, 11, day), cast)
    rule = ResponseLimit(valid_from=TUESDAY, item="first_response", working_days=2)
    result = forecast(rule=rule)
    assert nothing_written()
    rule.save()
    run_reminders(at("2026-11-24T09:00"))
    rows = Reminder.objects.filter(rule="first_response")
    assert result.after.items == rows.count() > result.before.items == 0
    by_person = dict(result.after.people)
    assert by_person == {
        person: rows.filter(recipient=person).count()
        for person in (cast.member_a.pk, cast.head_a.pk)
    }


def test_rule_of_another_band_changes_nothing_for_these(cast: Cast, limit: ResponseLimit) -> None:
    logged_on(date(2026, 11, 18), cast, band="C")
    rule = ResponseLimit(valid_from=TUESDAY, item="first_response", band="A", working_days=1)
    assert forecast(rule=rule).changes_nothing


def test_cadence_moves_the_contact_clock(cast: Cast) -> None:
    logged_on(
        date(2026, 11, 2), cast, stage="negotiating", band="C", last_contact_on=date(2026, 11, 2)
    )
    rule = CadenceRule(valid_from=TUESDAY, stage="negotiating", band="C", working_days=5)
    result = forecast(rule=rule)
    assert told(result) == {str(cast.member_a): (0, 1), str(cast.head_a): (0, 1)}


def test_months_without_progress_give_cards(cast: Cast) -> None:
    StallRule.objects.create(
        valid_from=RULES_SINCE, yellow_months=4, red_months=5, off_list_months=6
    )
    logged_on(date(2026, 8, 20), cast)
    rule = StallRule(valid_from=TUESDAY, yellow_months=1, red_months=2, off_list_months=6)
    result = forecast(rule=rule)
    assert told(result) == {str(cast.member_a): (0, 2), str(cast.head_a): (0, 1)}
    assert len(result.kinds) == 2


def test_steps_are_compared_as_sets(cast: Cast) -> None:
    logged_on(date(2026, 11, 2), cast, next_action_on=TUESDAY, last_contact_on=TUESDAY)
    only_owner = [EscalationStep(valid_from=TUESDAY, offset=0, role="owner")]
    result = forecast(steps=only_owner)
    assert told(result) == {str(cast.head_a): (1, 0)}


def test_forecast_skips_rest_days(cast: Cast, time_machine: Any) -> None:
    time_machine.move_to("2026-11-27T10:00:00+08:00")
    assert forecast().day == date(2026, 11, 30)


def test_what_is_recorded_already_is_not_counted_again(cast: Cast, limit: ResponseLimit) -> None:
    logged_on(date(2026, 11, 2), cast)
    ResponseLimit.objects.update(working_days=1)
    assert forecast(rule=_one_day()).before.items == 2
    run_reminders(timezone.now())
    assert forecast(rule=_one_day()).before.items == 0


def _one_day() -> ResponseLimit:
    return ResponseLimit(valid_from=TUESDAY, item="first_response", working_days=1)


def test_count_ends_at_the_cap(
    office: Client, cast: Cast, limit: ResponseLimit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecasting, "MOST_ITEMS", 2)
    monkeypatch.setattr(forecasting, "CHUNK", 1)
    for _number in range(3):
        logged_on(date(2026, 11, 18), cast)
    answer = office.post(add("responselimit"), a_limit())
    assert answer.context["told"].after.is_capped
    assertContains(answer, "至少")


@pytest.mark.parametrize("number", [1, 50])
def test_forecast_takes_the_same_queries(
    cast: Cast, limit: ResponseLimit, django_assert_num_queries: Queries, number: int
) -> None:
    for _number in range(number):
        logged_on(date(2026, 11, 18), cast)
    rule = _one_day()
    forecast(rule=rule)
    with django_assert_num_queries(14):
        assert forecast(rule=rule).after.items == 2 * number


# --- The set of steps ------------------------------------------------------------------------

ROWS = [("-1", "owner", "mail"), ("0", "head", "mail"), ("5", "leader", "digest")]


def a_set(*rows: tuple[str, str, str], **values: str) -> dict[str, str]:
    form = {
        "steps-TOTAL_FORMS": str(len(rows)),
        "steps-INITIAL_FORMS": "0",
        "valid_from": "2026-11-30",
        "published": "",
        **values,
    }
    for place, (offset, role, via) in enumerate(rows):
        names = {"offset": offset, "role": role, "via": via}
        form |= {f"steps-{place}-{name}": value for name, value in names.items()}
    return form


def test_form_begins_with_the_steps_in_force(office: Client) -> None:
    rows = office.get(add("escalationstep")).context["rows"]
    assert [(r.initial["offset"], r.initial["role"]) for r in rows.initial_forms] == [
        (-1, "owner"),
        (0, "head"),
        (0, "owner"),
    ]
    assert len(rows.forms) == 6


def test_new_set_is_shown_then_holds_alone_from_its_day(office: Client, cast: Cast) -> None:
    form = a_set(*ROWS, ("", "owner", "mail"))
    assert office.post(add("escalationstep"), form).context["told"].day == TUESDAY
    assert EscalationStep.objects.count() == 3
    page = reverse("admin:leads_escalationstep_changelist")
    assertRedirects(office.post(add("escalationstep"), form | {"_confirmed": "1"}), page)
    new = EscalationStep.objects.filter(valid_from=date(2026, 11, 30))
    assert {(s.offset, s.role, s.via) for s in new} == {
        (-1, "owner", "mail"),
        (0, "head", "mail"),
        (5, "leader", "digest"),
    }
    listed = office.get(page, {"tab": "now"}).context["cl"].result_list
    assert len(listed) == 6


def test_replaced_set_leaves_the_list_of_what_holds(
    office: Client, cast: Cast, time_machine: Any
) -> None:
    office.post(add("escalationstep"), a_set(*ROWS) | {"_confirmed": "1"})
    time_machine.move_to("2026-11-30T10:00:00+08:00")
    office.force_login(cast.coordinator)
    answer = office.get(reverse("admin:leads_escalationstep_changelist"), {"tab": "now"})
    assert {row.valid_from for row in answer.context["cl"].result_list} == {date(2026, 11, 30)}


@pytest.mark.parametrize(
    ("rows", "values", "said"),
    [
        ([("", "owner", "mail")], {}, "至少"),
        ([ROWS[0], ROWS[0]], {}, "同一"),
        ([("3", "owner", "digest")], {}, "周报"),
        (ROWS, {"valid_from": "2026-11-20"}, "过去"),
        (ROWS, {"valid_from": "2020-01-01"}, "已有"),
        (ROWS, {"valid_from": "？"}, "日期"),
        ([("99", "owner", "mail")], {}, "选择"),
        ([("0", "nobody", "mail")], {}, "选择"),
    ],
)
@pytest.mark.parametrize("confirmed", [{}, {"_confirmed": "1"}])
def test_bad_set_is_refused_with_a_reason(
    office: Client,
    rows: list[tuple[str, str, str]],
    values: dict[str, str],
    said: str,
    confirmed: dict[str, str],
) -> None:
    answer = office.post(add("escalationstep"), a_set(*rows, **values) | confirmed)
    assert answer.status_code == 200
    errors = f"{answer.context['form'].errors}{answer.context['rows'].errors}"
    assert said in errors
    assert EscalationStep.objects.count() == 3


def test_set_to_come_is_withdrawn_as_a_whole(office: Client) -> None:
    office.post(add("escalationstep"), a_set(*ROWS) | {"_confirmed": "1"})
    row = EscalationStep.objects.filter(valid_from=date(2026, 11, 30)).first()
    assert row
    office.post(reverse("admin:leads_escalationstep_withdraw", args=[row.pk]))
    assert set(EscalationStep.objects.values_list("valid_from", flat=True)) == {RULES_SINCE}


def test_set_in_force_is_not_withdrawn(office: Client) -> None:
    row = EscalationStep.objects.first()
    assert row
    assert office.get(reverse("admin:leads_escalationstep_withdraw", args=[row.pk])).context[
        "refusal"
    ]
    office.post(reverse("admin:leads_escalationstep_withdraw", args=[row.pk]))
    assert EscalationStep.objects.count() == 3


def test_step_says_when_in_words(office: Client) -> None:
    answer = office.get(reverse("admin:leads_escalationstep_changelist"))
    for words in ("提前 1 个工作日", "到期当天"):
        assertContains(answer, words)
