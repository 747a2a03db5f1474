"""The timetable wakes tasks that exist, and a late entry never piles up."""

import copy
from datetime import datetime

import pytest
from celery.schedules import crontab
from django.contrib.sessions.models import Session
from django.utils import timezone

from kfq_crm.base.tasks import clear_expired_sessions
from kfq_crm.celery import app

ENTRIES = sorted(app.conf.beat_schedule.items())


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_timetable_entry_names_a_task_that_exists(name: str, entry: dict) -> None:
    app.loader.import_default_modules()
    assert entry["task"] in app.tasks


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_timetable_entry_expires_before_its_next_firing(name: str, entry: dict) -> None:
    schedule = entry["schedule"]
    if isinstance(schedule, crontab):
        first = firing_after(schedule, timezone.localtime())
        interval = (firing_after(schedule, first) - first).total_seconds()
    else:
        interval = float(schedule)
    assert 0 < entry["options"]["expires"] < interval


def firing_after(schedule: crontab, moment: datetime) -> datetime:
    probe = copy.copy(schedule)
    probe.nowfun = lambda: moment
    return moment + probe.remaining_estimate(moment)


def test_worker_hands_back_what_it_did_not_finish() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    options = app.conf.broker_transport_options
    assert options["visibility_timeout"] > app.conf.task_time_limit


@pytest.mark.django_db
def test_clear_expired_sessions_keeps_the_living() -> None:
    now = timezone.now()
    Session.objects.create(session_key="old", expire_date=now.replace(year=2020))
    Session.objects.create(session_key="new", expire_date=now.replace(year=now.year + 1, day=1))
    clear_expired_sessions()
    assert [session.session_key for session in Session.objects.all()] == ["new"]
