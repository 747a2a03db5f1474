"""Figures of departments, reckoned by hand from `tests.services.serving.world`."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kfq_crm.base.models import User
from leads.models import Lead
from services.models import ApprovalPlan, ApprovalStep, Feedback, Question
from services.spans import Choice, chosen
from services.timeliness import Span, Table, median_of, table_of
from tests.services.serving.world import Serving, a_told

pytestmark = pytest.mark.django_db
PAGE, STEPS, FEEDBACK = (
    "admin:services_timeliness",
    "admin:services_approvalstep_changelist",
    "admin:services_feedback_changelist",
)
AUTUMN = Span(date(2026, 9, 1), date(2026, 10, 31))


def told(table: Table) -> dict[str, tuple[Any, ...]]:
    """Of each department: decided, in time, late, by default, median; told, in time, mean, low."""
    return {
        line.department.code: (
            *(line.served.decided, line.served.steps_in_time, line.served.steps_late),
            *(line.served.deemed, line.served.median_days),
            *(line.served.fed_back, line.served.questions_in_time),
            *(line.served.mean_score, line.served.low),
        )
        for line in table.lines
    }


def test_table_is_what_a_hand_reckons(serving: Serving) -> None:
    table = table_of(serving.office.service, AUTUMN)
    assert told(table) == {
        "housing": (3, 2, 1, 0, 1.0, 2, 1, 3.5, 1),
        "fire": (2, 1, 1, 1, 10.5, 1, 1, None, 0),
    }
    total = table.total
    assert (total.decided, total.steps_percent, total.median_days) == (5, 60.0, 2.0)
    assert (total.fed_back, total.questions_percent) == (3, 66.7)
    assert (total.rated, total.mean_score, total.low_percent) == (2, 3.5, 50.0)


@pytest.mark.parametrize(
    ("first", "last", "decided", "fed_back"),
    [
        ("2026-09-28", "2026-09-28", 1, 1),  # both days belong to it
        ("2026-09-29", "2026-09-30", 1, 1),
        ("2026-10-01", "2026-10-07", 0, 0),
        ("2026-10-09", "2026-10-12", 2, 1),
        ("2026-10-13", "2026-10-31", 1, 0),  # the grant by default
        ("2025-01-01", "2025-12-31", 0, 0),
    ],
)
def test_period_holds_its_own_days(
    serving: Serving, first: str, last: str, decided: int, fed_back: int
) -> None:
    span = Span(date.fromisoformat(first), date.fromisoformat(last))
    total = table_of(serving.office.service, span).total
    assert (total.decided, total.fed_back) == (decided, fed_back)


@pytest.mark.parametrize(
    ("choice", "today", "first", "last"),
    [
        (Choice.MONTH, "2026-11-23", "2026-11-01", "2026-11-23"),
        (Choice.MONTH, "2026-11-01", "2026-11-01", "2026-11-01"),
        (Choice.LAST_MONTH, "2026-03-31", "2026-02-01", "2026-02-28"),
        (Choice.LAST_MONTH, "2026-01-05", "2025-12-01", "2025-12-31"),
        (Choice.QUARTER, "2026-11-23", "2026-10-01", "2026-11-23"),
        (Choice.LAST_QUARTER, "2026-02-11", "2025-10-01", "2025-12-31"),
        (Choice.LAST_QUARTER, "2026-12-31", "2026-07-01", "2026-09-30"),
        (Choice.YEAR, "2026-02-11", "2026-01-01", "2026-02-11"),
        (Choice.LAST_YEAR, "2026-02-11", "2025-01-01", "2025-12-31"),
    ],
)
def test_periods_to_choose_from(choice: Choice, today: str, first: str, last: str) -> None:
    span = chosen(choice, date.fromisoformat(today))
    assert (span.first.isoformat(), span.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    ("days", "median"),
    [({}, None), ({3: 1}, 3.0), ({1: 1, 4: 1}, 2.5), ({1: 2, 9: 1}, 1.0), ({5: 2, 2: 2}, 3.5)],
)
def test_median_of_counted_days(days: dict[int, int], median: float | None) -> None:
    assert median_of(days) == median


# --- Who is counted ---------------------------------------------------------------------------


def hide(plan: ApprovalPlan) -> None:
    lead = plan.project.contract
    assert lead
    Lead.objects.filter(pk=lead.lead_id).update(confidential=True, code_name="启明")


def test_steps_of_a_confidential_lead_are_left_out(serving: Serving) -> None:
    hide(serving.first)
    total = table_of(serving.office.service, AUTUMN).total
    assert (total.decided, total.deemed) == (2, 1)
    assert table_of(serving.office.cast.member_a, AUTUMN).total.decided == 5  # reads it


def test_confidential_question_is_left_out(serving: Serving) -> None:
    secret = a_told(serving.office, serving.office.fire, "2026-10-08", "2026-10-09")
    Question.objects.filter(pk=secret.question_id).update(confidential=True)
    assert table_of(serving.office.cast.coordinator, AUTUMN).total.fed_back == 3


# --- The page ---------------------------------------------------------------------------------


def opened(client: Client, user: User, **asked: str) -> Any:
    client.force_login(user)
    return client.get(reverse(PAGE), {"from": "2026-09-01", "to": "2026-10-31", **asked})


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("service", 200),
        ("coordinator", 200),
        ("clerk", 403),
        ("member_a", 403),
        ("chain_leader_a", 403),
    ],
)
def test_page_is_for_who_sees_all_services(
    serving: Serving, client: Client, who: str, status: int
) -> None:
    assert opened(client, serving.office.people()[who]).status_code == status


def test_every_number_opens_the_rows_that_it_counts(serving: Serving, client: Client) -> None:
    page = opened(client, serving.office.service)
    rows = [page.context["total"], *page.context["rows"]]
    assert len(rows) == 3
    for row in rows:
        for name, address in row.links.items():
            found = client.get(address)
            assert found.status_code == 200, address
            assert found.context["cl"].result_count == getattr(row.served, name), (row.name, name)


@pytest.mark.parametrize(
    "asked", [{"from": "gestern"}, {"from": "2026-11-01"}, {"to": "2026-02-30"}, {"from": "a\x00"}]
)
def test_period_that_cannot_be_read_is_said(
    serving: Serving, client: Client, asked: dict[str, str]
) -> None:
    page = opened(client, serving.office.service, **asked)
    assert page.status_code == 200
    assert page.context["asked"].problem
    assert page.context["asked"].span == chosen(Choice.MONTH, page.context["today"])


def test_unknown_choice_is_this_month(serving: Serving, client: Client) -> None:
    client.force_login(serving.office.service)
    with time_machine.travel("2026-11-23T10:00:00+08:00", tick=False):
        page = client.get(reverse(PAGE), {"period": "decade"})
    assert page.context["asked"].span == Span(date(2026, 11, 1), date(2026, 11, 23))


@pytest.mark.parametrize("more", [0, 40])
def test_statements_do_not_grow_with_the_rows(serving: Serving, more: int) -> None:
    _copy_steps(more)
    for _number in range(more // 4):
        a_told(serving.office, serving.office.fire, "2026-10-08", "2026-10-09")
    user = User.objects.get(pk=serving.office.service.pk)
    with CaptureQueriesContext(connection) as found:
        table = table_of(user, AUTUMN)
    assert table.total.decided == 5 + more
    assert len(found) == 5, "\n".join(query["sql"][:200] for query in found)


def _copy_steps(more: int) -> None:
    """Bulk rows like the first decided one."""
    step = ApprovalStep.objects.filter(state="granted").order_by("pk")[0]
    ApprovalStep.objects.bulk_create(_copied(step, code=f"copy-{number}") for number in range(more))


def _copied(step: ApprovalStep, **values: Any) -> ApprovalStep:
    kept = {
        field.attname: getattr(step, field.attname)
        for field in ApprovalStep._meta.concrete_fields
        if not field.primary_key
    }
    return ApprovalStep(**{**kept, **values})


@pytest.mark.parametrize(
    "asked",
    [
        {"outcome": "never"},
        {"decided_from": "?"},
    ],
)
def test_bad_filter_of_steps_finds_nothing(
    serving: Serving, client: Client, asked: dict[str, str]
) -> None:
    client.force_login(serving.office.service)
    found = client.get(reverse(STEPS), {"tab": "all", **asked})
    assert found.status_code != 200 or found.context["cl"].result_count == 0


@pytest.mark.parametrize("rows", [1, 40])
def test_list_of_feedback_takes_the_same_statements(
    serving: Serving, client: Client, rows: int
) -> None:
    for _number in range(rows):
        a_told(serving.office, serving.office.fire, "2026-10-08", "2026-10-09")
    client.force_login(serving.office.service)
    client.get(reverse(FEEDBACK))
    with CaptureQueriesContext(connection) as found:
        assert client.get(reverse(FEEDBACK)).status_code == 200
    assert len(found) == 8, "\n".join(query["sql"][:120] for query in found)
    assert Feedback.objects.count() == rows + 3
