"""The browser: Debian's Chromium against a live server, and a page that watches itself."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request
from pytest_django.live_server_helper import LiveServer
from pytest_playwright.pytest_playwright import CreateContextCallback

from kfq_crm.base.models import User
from tests.conftest import missing
from tests.journeys.steps import sign_in

# Playwright's loop runs in the test's thread; Django would take it for an async view.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

HERE = Path(__file__).parent
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A refusal is a 4xx by design; the browser reports each of them as an error.
REFUSED = re.compile(r"status of 4\d\d")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = os.environ.get("KFQ_CHROMIUM") or shutil.which("chromium")
    if not path:
        missing("Chromium")
    return {**browser_type_launch_args, "executable_path": path, "args": QUIET}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": DESKTOP,
    }


@pytest.fixture(scope="session")
def base_url(live_server: LiveServer) -> str:
    """Lets a journey say page.goto("/admin/")."""
    return str(live_server.url)


@pytest.fixture
def trouble() -> Iterator[list[str]]:
    """Fails a journey on a script error, a broken content policy or a foreign address."""
    found: list[str] = []
    yield found
    assert found == []


def watch(context: BrowserContext, base_url: str, found: list[str]) -> None:
    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not REFUSED.search(message.text):
            found.append(f"console: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith((base_url, "data:", "blob:", "about:")):
            found.append(f"foreign address: {request.url}")

    context.on("console", on_console)
    context.on("weberror", lambda error: found.append(f"script: {error.error}"))
    context.on("request", on_request)


@pytest.fixture
def page(context: BrowserContext, base_url: str, trouble: list[str]) -> Page:
    watch(context, base_url, trouble)
    return context.new_page()


@pytest.fixture
def desk_of(
    new_context: CreateContextCallback, base_url: str, trouble: list[str]
) -> Callable[[User], Page]:
    """A browser of one's own for each of several people, signed in."""

    def sit_down(person: User) -> Page:
        context = new_context()
        watch(context, base_url, trouble)
        page = context.new_page()
        sign_in(page, person)
        return page

    return sit_down


@pytest.fixture
def phone(page: Page) -> Page:
    """The same page on a screen of a phone's size."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict is what it takes
    return page
