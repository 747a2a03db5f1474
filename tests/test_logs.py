"""What goes into the logs: the way an error took, never the values that it met."""

import logging
import sys

import pytest
import structlog

from kfq_crm import settings


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
