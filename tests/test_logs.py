"""What goes into the logs: the way an error took, never the values that it met."""

import logging
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from gunicorn.config import Config

from kfq_crm import settings
from kfq_crm.base.log_masks import SIGNED, mask_tokens
from kfq_crm.web_log import WebLog

TOKEN = "MTI:3aXkQ-signature_of_a_link"


def failure(number: str) -> logging.LogRecord:
    """An error in a function that holds a telephone number."""
    try:
        raise ValueError("no such day")
    except ValueError:
        return logging.LogRecord("test", logging.ERROR, "x", 1, "failed", (), sys.exc_info())


@pytest.mark.parametrize("name", ["json", "console"])
def test_traceback_tells_no_values(name: str) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=settings._ENRICH,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *settings._RENDER[name],
        ],
    )
    text = formatter.format(failure("13812345678"))
    assert "no such day" in text
    assert "in failure" in text or '"name": "failure"' in text
    assert "13812345678" not in text


def test_refusals_below_the_chosen_level_are_not_rendered() -> None:
    """Django gives its loggers levels of their own; the handler has the last word."""
    assert settings.LOGGING["handlers"]["stderr"]["level"] == "ERROR"


# --- Signed addresses ------------------------------------------------------------------------


def test_every_open_page_with_a_token_is_masked() -> None:
    routes = [str(page.pattern) for page in admin.site.open_pages]  # type: ignore[attr-defined]  # the office's site
    signed = {route.split("/")[0] for route in routes if "token" in route}
    assert signed == set(SIGNED)


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        (f"GET /ask/{TOKEN}/ HTTP/1.1", "GET /ask/***/ HTTP/1.1"),
        (f"GET /rate/{TOKEN} HTTP/1.1", "GET /rate/*** HTTP/1.1"),
        (f'"https://crm.example/decide/{TOKEN}/?answer=agree" "Chrome"',
         '"https://crm.example/decide/***/?answer=agree" "Chrome"'),
        (f"/login/?next=%2Fask%2F{TOKEN}", "/login/?next=%2Fask%2F***"),
        ("Gone: /ask/MTI:3a XkQ-sig/ [django.request]", "Gone: /ask/***/ [django.request]"),
        (f"Not Found: /ask/ {TOKEN} [django.request]", "Not Found: /ask/*** [django.request]"),
        ("POST /services/extension/3/decide/ HTTP/1.1",
         "POST /services/extension/3/decide/ HTTP/1.1"),
        ("GET /services/question/3/page/ HTTP/1.1", "GET /services/question/3/page/ HTTP/1.1"),
    ],
)  # fmt: skip
def test_a_token_in_an_address_is_masked_and_nothing_else(line: str, masked: str) -> None:
    assert mask_tokens(line) == masked


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["json", "console"])
@pytest.mark.parametrize("route", [*SIGNED])
def test_a_refused_link_is_logged_without_its_token(
    client: Client, caplog: pytest.LogCaptureFixture, name: str, route: str
) -> None:
    answer = client.get(reverse(f"admin:{route}", args=[TOKEN]))
    assert answer.status_code == 410
    lines = [structured(name).format(r) for r in caplog.records if r.name == "django.request"]
    assert len(lines) == 1
    assert f"/{route}/***/" in lines[0]
    assert TOKEN not in lines[0]


def structured(name: str) -> logging.Formatter:
    """The formatter of the settings, in one of its spellings."""
    chosen = settings.LOGGING["formatters"]["structured"]
    processors = [*chosen["processors"][:1], *settings._RENDER[name], *chosen["processors"][-1:]]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chosen["foreign_pre_chain"], processors=processors
    )


def test_the_web_process_writes_no_token_of_an_address_or_its_referer(tmp_path: Path) -> None:
    access, errors = tmp_path / "access", tmp_path / "errors"
    config = Config()
    config.set("accesslog", str(access))
    config.set("errorlog", str(errors))
    log = WebLog(config)
    environ = {
        "REQUEST_METHOD": "POST",
        "RAW_URI": f"/ask/{TOKEN}/?asked=WT000001",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_REFERER": f"https://crm.example/ask/{TOKEN}/",
    }
    answer = SimpleNamespace(status="302 Found", headers=[], sent=0)
    log.access(answer, SimpleNamespace(headers=[]), environ, timedelta())
    log.error("Error handling request %s", f"/rate/{TOKEN}/")
    for one in (*log.access_log.handlers, *log.error_log.handlers):
        one.flush()
        one.close()
    written = access.read_text() + errors.read_text()
    assert TOKEN not in written
    assert "POST /ask/***/?asked=WT000001 HTTP/1.1" in written
    assert '"https://crm.example/ask/***/"' in written
    assert "/rate/***/" in written
