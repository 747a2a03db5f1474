"""A database with seeds in it for all tests of a module, undone afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import transaction

OURS = ("base", "chains", "leads", "services", "auth")


@contextmanager
def loaded(blocker: pytest.FixtureRequest, load: Callable[[], object]) -> Iterator[None]:
    """What `load` writes, seen by the tests of one module; theirs is undone test by test."""
    with blocker.unblock(), transaction.atomic():
        load()
        yield
        transaction.set_rollback(True)


def snapshot() -> dict[str, list[dict]]:
    """Every row of every table of ours, revisions, times and change records included."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for label in OURS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }
