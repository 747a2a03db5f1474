"""Fixtures for every test. People and leads of the tests live beside the apps' tests."""

import gc
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings
from zeal import zeal_context

pytest_plugins = ["tests.cast", "tests.world", "tests.api_cast"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", action="store_true", help="run fault tests at their full length")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What means something on PostgreSQL only is skipped elsewhere, and says so."""
    if not config.getoption("--faults"):
        long = [item for item in items if item.get_closest_marker("faults")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    items.sort(key=_is_short)  # the long ones first: none is left to a single worker at the end
    if django_settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        return
    skip = pytest.mark.skip(reason="means something on PostgreSQL only")
    for item in items:
        if item.get_closest_marker("postgresql"):
            item.add_marker(skip)


def pytest_collection_finish() -> None:
    """A fifth of the suite's time went into looking through what is never garbage: code."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def _is_short(item: pytest.Item) -> bool:
    return not any(item.get_closest_marker(name) for name in ("journey", "slow"))


def missing(what: str) -> None:
    """A machine of CI has everything; elsewhere a missing program skips its tests."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """As pytest-django's, and at the end no session of a killed process holds the database up."""
    yield
    if connection.vendor != "postgresql":
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def on_postgresql() -> bool:
    return connection.vendor == "postgresql"


@pytest.fixture
def no_repeated_queries() -> Iterator[None]:
    """Fails a test whose code fetches related rows one by one (N+1)."""
    with zeal_context():
        yield


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis on a Unix socket of its own; its address as celery spells it."""
    program = shutil.which("redis-server")
    if program is None:
        missing("redis-server")
    folder = tmp_path_factory.mktemp("redis")
    socket = folder / "socket"
    command = [str(program), "--port", "0", "--unixsocket", str(socket), "--save", ""]
    with subprocess.Popen([*command, "--dir", str(folder)], stdout=subprocess.DEVNULL) as server:
        _wait_for(socket)
        yield f"redis+socket://{socket}"
        server.terminate()


def _wait_for(socket: Path) -> None:
    for _attempt in range(100):
        if socket.exists():
            return
        time.sleep(0.05)
    pytest.fail("redis-server does not start")


@pytest.fixture
def broker(redis_server: str, settings: Settings) -> str:
    """An empty real broker. Tests that start processes hand them this address as REDIS_URL."""
    with redis.Redis.from_url(redis_server.replace("redis+socket", "unix")) as client:
        client.flushall()
    return redis_server
