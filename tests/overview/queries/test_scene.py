"""One state for all figures, and records that have no history."""

from datetime import date

import pytest
from django.db import connection

from kfq_crm.overview.queries.moments import Moment
from kfq_crm.overview.queries.scene import Scene
from kfq_crm.overview.queries.standing import open_leads
from leads.models import Lead
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.overview.spring import TODAY, Spring, clock
from tests.threads import at_once


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_what_is_written_between_two_figures_shows_in_neither(cast: Cast) -> None:
    scene = Scene.for_reader(cast.coordinator)
    with scene.at_once():
        before = open_leads(scene).total().get("leads", 0)
        [lead] = at_once(lambda: log_a_lead(by=cast.member_a))
        assert isinstance(lead, Lead)
        assert open_leads(scene).total().get("leads", 0) == before
    assert open_leads(scene).total()["leads"] == before + 1


@pytest.mark.django_db
def test_tables_of_a_past_day_are_gone_afterwards(spring: Spring) -> None:
    with clock(TODAY):
        scene = Scene.for_reader(spring.cast.coordinator, date(2026, 3, 1))
        for _again in range(2):
            with scene.at_once():
                assert open_leads(scene).total()["leads"] == 3
    name = scene.moment.kept_as(Lead)
    with connection.cursor() as cursor, pytest.raises(Exception, match=name):
        cursor.execute(f"SELECT 1 FROM {name}")  # noqa: S608 — a name of ours


@pytest.mark.django_db
def test_lead_without_history_counts_as_it_stands_but_for_its_stage(spring: Spring) -> None:
    """As after a load in bulk: its moves are on record, what it was worth then is not."""
    lead = Lead.objects.get(title="A1")
    lead.history.all().delete()
    with clock(TODAY):
        scene = Scene.for_reader(spring.cast.coordinator, date(2026, 3, 1))
        with scene.at_once():
            review = open_leads(scene).by("stage")[("review",)]
    assert (review["leads"], review["CNY"]) == (1, 60000)


@pytest.mark.django_db
def test_today_is_read_where_it_stands(spring: Spring) -> None:
    with clock(TODAY):
        scene = Scene.for_reader(spring.cast.coordinator, date(2026, 3, 19))
        assert scene.moment == Moment.now()
        assert scene.moment.table(Lead) == connection.ops.quote_name(Lead._meta.db_table)
