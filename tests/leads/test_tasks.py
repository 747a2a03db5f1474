"""The sweep that ends claims: in pieces, safe to run twice, on the hour."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from kfq_crm.celery import app
from leads import tasks
from leads.models import Claim, ClaimState
from tests.cast import Cast
from tests.factories import follow_up, log_a_lead

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    return list(Claim.objects.order_by("pk").values_list("state", flat=True))


@pytest.fixture
def three_months_on(cast: Cast):
    """Three claims, of which one has made progress since; none has been swept."""
    leads = [log_a_lead(by=cast.member_a) for _number in range(3)]
    with time_machine.travel(timezone.now() + timedelta(days=60)):
        follow_up(leads[1], by=cast.member_a, is_progress=True)
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        yield leads


def test_claims_past_their_day_lapse_and_others_stay(three_months_on: list) -> None:
    assert tasks.lapse_claims() == 2
    assert states() == [ClaimState.LAPSED, ClaimState.ACTIVE, ClaimState.LAPSED]


def test_sweep_goes_on_until_nothing_is_left(
    three_months_on: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "CHUNK", 1)
    assert tasks.lapse_claims() == 2


def test_second_sweep_changes_nothing(three_months_on: list) -> None:
    tasks.lapse_claims()
    revisions = list(Claim.objects.values_list("pk", "version"))
    assert tasks.lapse_claims() == 0
    assert list(Claim.objects.values_list("pk", "version")) == revisions


def test_beat_wakes_the_sweep_every_hour() -> None:
    entry = app.conf.beat_schedule["lapse-claims"]
    app.loader.import_default_modules()
    assert entry["task"] in app.tasks
    assert entry["options"]["expires"] < 3600
