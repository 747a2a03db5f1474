"""/healthz, /readyz and /metrics, as monitoring asks them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from kfq_crm.base import health
from kfq_crm.base.broker import Broker
from kfq_crm.base.models import MailState, OutgoingMail, SweepRun, User
from kfq_crm.base.sweeps import EXPECTED, Expected
from tests.mailing import letter_to

pytestmark = pytest.mark.django_db
TOKEN = "a token of monitoring"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that answers, every expected sweep a moment ago."""
    monkeypatch.setattr("kfq_crm.base.broker.look", lambda: Broker(True, True, {"celery": 4}, 1))
    for name in EXPECTED:
        SweepRun.objects.create(name=name, started_at=timezone.now())


def checks(answer: Any) -> set[str]:
    return {problem["check"] for problem in answer.json()["problems"]}


# --- Live ------------------------------------------------------------------------------------


def test_live_asks_no_database(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_monitoring_is_not_sent_to_https_or_to_the_sign_in_page(
    client: Client, settings: Settings, address: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(address).status_code in {200, 404, 503}
    assert client.get("/admin/").status_code == 301


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_nothing_is_sent_to_monitoring_addresses(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405


# --- Ready -----------------------------------------------------------------------------------


def test_ready_when_all_work(client: Client, working: None) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "problems": []})


def test_not_ready_without_broker(client: Client, working: None, monkeypatch: Any) -> None:
    for state in (Broker(is_set_up=False), Broker(is_set_up=True)):
        monkeypatch.setattr("kfq_crm.base.broker.look", lambda state=state: state)
        answer = client.get("/readyz")
        assert (answer.status_code, checks(answer)) == (503, {"broker"})


def test_not_ready_while_the_timetable_is_silent(client: Client, working: None) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    SweepRun.objects.filter(name="deliver_mail").update(started_at=long_ago)
    answer = client.get("/readyz")
    assert (answer.status_code, checks(answer)) == (503, {"sweeps"})
    SweepRun.objects.all().delete()
    assert checks(client.get("/readyz")) == {"sweeps"}


def test_sweep_that_fails_does_not_take_the_pages_away(client: Client, working: None) -> None:
    """A mail server that is down is no reason to send nobody to this process."""
    SweepRun.objects.update(error="Connection refused", finished_at=timezone.now())
    assert client.get("/readyz").status_code == 200


def test_sweep_without_a_limit_is_never_waited_for(
    client: Client, working: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(EXPECTED, "weekly", Expected("每周一次"))
    assert client.get("/readyz").status_code == 200


def test_not_ready_before_the_migrations(
    client: Client, working: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health._applied, "known", False)
    monkeypatch.setattr(
        "django.db.migrations.executor.MigrationExecutor.migration_plan", lambda *args: ["one"]
    )
    assert checks(client.get("/readyz")) == {"migrations"}
    monkeypatch.undo()
    assert health._applied.is_behind() is False


def test_not_ready_without_database_and_no_detail_told(
    client: Client, working: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise OperationalError("host db.internal: password wrong")

    monkeypatch.setattr("kfq_crm.base.health.connection.cursor", down)
    answer = client.get("/readyz")
    assert (answer.status_code, checks(answer)) == (503, {"database"})
    assert b"db.internal" not in answer.content


def test_ready_tells_figures_only_to_the_token(
    client: Client, working: None, token: None, reader: User
) -> None:
    assert "panels" not in client.get("/readyz").json()
    assert "panels" not in client.get("/readyz", headers={"Authorization": "Bearer no"}).json()
    panels = client.get("/readyz", headers=BEARER).json()["panels"]
    assert "mail" in {panel["key"] for panel in panels}


# --- Metrics ---------------------------------------------------------------------------------


def figures(client: Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_do_not_exist_without_a_token(client: Client) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


WRONG = ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer 令牌"]


@pytest.mark.parametrize("said", [*WRONG, f"Bearer {TOKEN}x"])
def test_metrics_want_the_token(client: Client, token: None, said: str) -> None:
    answer = client.get("/metrics", HTTP_AUTHORIZATION=said)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert b"kfq_" not in answer.content


def test_metrics_tell_what_the_page_tells(
    client: Client, working: None, token: None, reader: User
) -> None:
    letter_to(reader, key="a")
    letter_to(reader, key="b")
    OutgoingMail.objects.filter(key="b").update(state=MailState.FAILED)
    found = figures(client)
    assert found["kfq_ready", (("check", "broker"),)] == 1
    assert found["kfq_broker_reachable", ()] == 1
    assert found["kfq_broker_queue_length", (("queue", "celery"),)] == 4
    assert found["kfq_mail_failed", ()] == 1
    assert found["kfq_mail_under_way", ()] == 1
    assert found["kfq_mail_oldest_due_seconds", ()] >= 0
    assert found["kfq_sweep_age_seconds", (("sweep", "deliver_mail"),)] >= 0
    assert found["kfq_sweep_failing", (("sweep", "deliver_mail"),)] == 0


def test_metrics_are_there_while_nothing_works(client: Client, token: None) -> None:
    found = figures(client)
    assert found["kfq_ready", (("check", "sweeps"),)] == 0
    assert found["kfq_broker_reachable", ()] == 0


def test_metrics_name_nobody(client: Client, working: None, token: None, reader: User) -> None:
    letter_to(reader, subject="金丝雀", text="金丝雀")
    OutgoingMail.objects.update(state=MailState.FAILED, last_error="550 gu.hang@example.com")
    text = client.get("/metrics", headers=BEARER).content.decode()
    assert not [word for word in ("金丝雀", "gu.hang", "顾航", "550") if word in text]


def test_metrics_ask_as_often_for_one_as_for_fifty(
    client: Client,
    working: None,
    token: None,
    reader: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(50):
        letter_to(reader, key=f"k{number}")
    client.get("/metrics", headers=BEARER)
    with django_assert_max_num_queries(24):
        client.get("/metrics", headers=BEARER)
