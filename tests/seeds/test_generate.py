"""generate_demo: several processes make a large load, and nothing is lost between them."""

import pytest
from django.db import IntegrityError, connection

from leads.models import Lead
from seeds import generate as generator
from seeds.generate import generate
from seeds.generators import rebuild
from seeds.generators.shapes import TABLES

LEADS = 40
SHAPE = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid::regclass::text = ANY(%s)
    UNION ALL
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid::regclass::text = ANY(%s)
    ORDER BY 1, 2
"""


def shape() -> list[tuple[str, str]]:
    """Every index and constraint of the tables that are filled; what is not checked says so."""
    tables = [model._meta.db_table for model in TABLES]
    with connection.cursor() as cursor:
        cursor.execute(SHAPE, [tables, tables])
        return cursor.fetchall()


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "BATCH", 9)
    monkeypatch.setattr(generator, "_LARGE", LEADS)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("large")
def test_several_builders_write_what_one_writes() -> None:
    told: list[int] = []
    generate(LEADS, tell=told.append)
    assert told == [9, 18, 27, 36, 40]
    assert Lead.objects.count() == LEADS
    titles = list(Lead.objects.order_by("pk").values_list("title", flat=True))
    assert len(set(titles)) == LEADS


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("large")
def test_large_load_leaves_every_index_and_constraint_as_it_was() -> None:
    before = shape()
    generate(LEADS)
    assert shape() == before


class Killed(BaseException):
    """What no code catches."""


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("large")
def test_load_killed_within_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = shape()

    def kill(done: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        generate(LEADS, tell=kill)
    assert not Lead.objects.exists()
    assert shape() == before


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("large")
def test_load_killed_while_indexes_are_built_is_finished_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = shape()
    build, built = rebuild._build_next, []

    def build_five() -> bool:
        if len(built) >= 5:
            raise Killed
        built.append(build())
        return built[-1]

    monkeypatch.setattr(rebuild, "_build_next", build_five)
    with pytest.raises(Killed):
        generate(LEADS)
    assert Lead.objects.count() == LEADS
    assert len(shape()) < len(before)
    with connection.cursor() as cursor, pytest.raises(IntegrityError):  # rules hold meanwhile
        cursor.execute("INSERT INTO leads_lead_readers (lead_id, user_id) VALUES (0, 0)")
    monkeypatch.setattr(rebuild, "_build_next", build)
    generate(LEADS)
    assert Lead.objects.count() == 2 * LEADS
    assert shape() == before
