"""What the operations page says of reminders and digests."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from kfq_crm.base.models import SweepRun
from leads.models import Lead
from leads.models.digest import DigestRule
from leads.panels import read_digests, read_reminders
from tests.cast import RULES_SINCE, Cast
from tests.factories import log_a_lead
from tests.mailing import at

pytestmark = pytest.mark.django_db
NOW = "2026-11-23T09:00"


def lines(panel: Any, moment: str = NOW) -> dict[str, str]:
    return {line.key: line.text for line in panel(at(moment))}


def test_panel_of_reminders_names_the_oldest_step(cast: Cast) -> None:
    assert "没有逾期" in lines(read_reminders)["oldest_step_days"]
    lead = log_a_lead(by=cast.member_a)
    Lead.objects.filter(pk=lead.pk).update(next_action_on=date(2026, 11, 3))
    assert "11" in lines(read_reminders)["oldest_step_days"]


def test_panel_of_reminders_names_whom_no_message_reaches(cast: Cast) -> None:
    assert lines(read_reminders)["out_of_reach"] == "无"
    SweepRun.objects.create(
        name="run_reminders",
        started_at=timezone.now(),
        counts={"out_of_reach": [cast.member_a.pk, cast.head_a.pk]},
    )
    named = lines(read_reminders)["out_of_reach"]
    assert str(cast.member_a) in named
    assert str(cast.head_a) in named


@pytest.mark.parametrize(
    ("moment", "coming"), [("2026-11-23T07:59", "11月23日"), ("2026-11-23T08:00", "11月30日")]
)
def test_panel_of_digests_tells_when_the_next_go_out(db: None, moment: str, coming: str) -> None:
    assert "规则" in lines(read_digests, moment)["next"]
    DigestRule.objects.create(valid_from=RULES_SINCE, weekday=0, time=time(8))
    assert coming in lines(read_digests, moment)["next"]


def test_panels_ask_few_questions(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
        list(read_reminders(at(NOW)))
