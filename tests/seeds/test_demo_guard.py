"""Where the demo set may be loaded, and on which days."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from kfq_crm.base.models import User
from leads.models import Lead
from seeds.demo import load_demo
from seeds.scenes.clock import Days, clock_at
from tests.factories import UserFactory
from tests.seeds.files import load
from tests.seeds.loaded import snapshot

pytestmark = pytest.mark.django_db
PASSWORD = "演示用密码 2024"


def run(*args):
    call_command("seed_demo", *args, stdout=StringIO())


# ---- where it may be loaded ----------------------------------------------------------------


@pytest.fixture
def demonstration(monkeypatch):
    monkeypatch.setenv("KFQ_DEMO", "1")
    monkeypatch.setenv("KFQ_DEMO_PASSWORD", PASSWORD)


@pytest.mark.parametrize("value", [None, "", "0", "true"])
def test_demo_is_refused_where_nobody_says_that_it_is_one(monkeypatch, demonstration, value):
    monkeypatch.delenv("KFQ_DEMO")
    if value is not None:
        monkeypatch.setenv("KFQ_DEMO", value)
    before = snapshot()
    with pytest.raises(CommandError):
        run()
    assert snapshot() == before


def test_demo_is_refused_without_a_password(monkeypatch, demonstration):
    monkeypatch.delenv("KFQ_DEMO_PASSWORD")
    with pytest.raises(CommandError):
        run("--demo")
    assert not User.objects.exists()


def test_demo_is_not_loaded_beside_real_people(demonstration):
    UserFactory()
    before = snapshot()
    run()
    assert snapshot() == before


def test_demo_that_fails_leaves_nothing(demonstration, monkeypatch):
    def fail(*args):
        raise RuntimeError

    monkeypatch.setattr("seeds.demo._live_through", fail)
    before = snapshot()
    with pytest.raises(RuntimeError):
        run()
    assert snapshot() == before


# ---- days ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "today",
    [
        date(2026, 10, 3),  # National Day, a Saturday
        date(2027, 2, 26),  # beyond the published calendar
    ],
)
def test_demo_can_be_loaded_on_any_day(today):
    load_demo(PASSWORD, today=today)
    assert Lead.objects.count() == len(load("demo_leads")["leads"])
    assert not Lead.objects.filter(created_at__date__gt=today).exists()


def test_demo_days_roll_to_working_days_and_keep_their_order():
    days = Days(date(2026, 10, 12))  # the Monday after the holidays
    back = [days.ago(n) for n in range(1, 30)]
    assert back == sorted(back, reverse=True)
    assert days.ago(1) == date(2026, 10, 10)  # a make-up Saturday
    assert days.ago(5) == date(2026, 9, 30)
    assert days.ahead(0) == date(2026, 10, 12)
    assert days.ahead(5) == date(2026, 10, 19)
    assert days.ahead(-5) == date(2026, 9, 30)


def test_demo_clock_is_put_back_even_after_a_failure():
    real = timezone.now
    moment = Days().moment(date(2026, 1, 5), 3)

    def fail():
        with clock_at(moment):
            assert timezone.now() == moment
            assert timezone.localdate() == date(2026, 1, 5)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert timezone.now is real
