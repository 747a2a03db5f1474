"""Leads of which so many are due and no others, spread over the rules. Nothing here is measured.

Every clock of every lead is set to this day first, so that no rule finds anything; then a tenth
is put back, a kind at a time, each by another number of days, so that every step has come for some.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection

from leads.models import Lead
from seeds.generators.rebuild import rebuilt

# Kind, part of all that are due in percent, and the leads that it is taken from: no lead twice.
KINDS = (
    ("answer", 15, "exit = '' AND stage = 'lead' AND last_contact_on IS NULL"),
    ("step", 45, "exit = '' AND stage = 'negotiating'"),
    ("contact", 15, "exit = '' AND stage = 'signed'"),
    ("card", 15, "exit = '' AND stage = 'screening'"),
    ("blocker", 5, "exit = '' AND stage = 'review'"),
    ("wake", 5, "exit = 'shelved'"),
)
LATE_DAYS = 12

_CHOOSE = """
    CREATE TEMP TABLE chosen AS {}
"""
_OF_A_KIND = """
    (SELECT id, '{kind}' AS kind, ((hashint8extended(id, 3) & 1023) %% {days})::int AS late
    FROM leads_lead WHERE {condition} ORDER BY hashint8extended(id, 1) LIMIT {count})
"""
# In one statement, so that the table is written once; a date of this day means "not due".
_SET = """
    UPDATE leads_lead AS lead SET
        next_action_on = CASE
            WHEN kind = 'step' THEN %(day)s::date - late
            WHEN kind = 'contact' OR exit <> '' THEN NULL
            ELSE %(day)s::date + 30 + (lead.id %% 60)::int END,
        last_contact_on = CASE
            WHEN kind = 'answer' THEN NULL
            WHEN kind = 'contact' THEN %(day)s::date - 35 - late
            ELSE %(day)s::date END,
        last_progress_on = CASE
            WHEN kind = 'card' THEN %(day)s::date - 70 - 12 * late ELSE %(day)s::date END,
        stage_entered_at = CASE
            WHEN kind = 'answer' THEN %(day)s::date - 4 - late + time '09:00'
            WHEN stage = 'lead' THEN %(day)s::date + time '09:00'
            ELSE stage_entered_at END,
        referrer_replied_on = CASE WHEN kind = 'answer' THEN NULL ELSE %(day)s::date END,
        wake_on = CASE
            WHEN exit <> 'shelved' THEN NULL
            WHEN kind = 'wake' THEN %(day)s::date - late ELSE %(day)s::date + 90 END
    FROM (
        SELECT every.id, kind, late
        FROM leads_lead AS every LEFT JOIN chosen ON chosen.id = every.id
    ) AS told
    WHERE told.id = lead.id
"""
_BLOCK = """
    INSERT INTO leads_blocker (version, created_at, updated_at, description, due_on, resolution,
        owner_id, raised_by_id, lead_id)
    SELECT 1, now(), now(), 'bench', %(day)s::date - late, '', owner_id, owner_id, lead.id
    FROM chosen JOIN leads_lead AS lead ON lead.id = chosen.id WHERE kind = 'blocker'
"""


def make_due(leads: int, day: date) -> dict[str, int]:
    """How many leads of each kind are due on that day."""
    wanted = leads // 10
    parts = [
        _OF_A_KIND.format(
            kind=kind, condition=condition, count=wanted * percent // 100, days=LATE_DAYS
        )
        for kind, percent, condition in KINDS
    ]
    with rebuilt([Lead]), connection.cursor() as cursor:
        _run(cursor, _CHOOSE.format(" UNION ALL ".join(parts)), day)
        cursor.execute("ANALYZE chosen")
        _run(cursor, _SET, day)
        _run(cursor, _BLOCK, day)
        cursor.execute("SELECT kind, count(*) FROM chosen GROUP BY kind")
        found = dict(cursor.fetchall())
        cursor.execute("DROP TABLE chosen")
    return found


def _run(cursor: Any, statement: str, day: date) -> None:
    cursor.execute(statement, {"day": day})
