"""The weekly digests of three hundred chains and their bare SQL, as verbs of a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from datetime import time as hour
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from benchmark.office import CODE, bench_day
from benchmark.plans import rows_read
from benchmark.statements import reads, send_again, taken_down
from chains.models import TaskTeam
from leads.digest import engine
from leads.digest.payload import payload_of
from leads.digest.period import Period, latest_due
from leads.models import Digest, DigestRule
from leads.rulebook import digest_rule
from seeds.generators.words import SUMMARIES

EXPLAINED = 3

# A week's work in every chain, the same in small and in large tables; told by the recording day.
_OWN = f"""
    CREATE TEMP TABLE own AS
    SELECT lead.id, lead.chain_id, lead.owner_id, lead.stage, lead.exit,
        row_number() OVER (PARTITION BY chain_id ORDER BY lead.id) AS place
    FROM leads_lead AS lead JOIN chains_chain AS chain ON chain.id = lead.chain_id
    WHERE chain.code LIKE '{CODE}%%' AND NOT lead.confidential
"""  # noqa: S608 — a name of ours
_WEEK = (
    # Every tenth lead is new, every third one talked about, every sixth moved, every twelfth stuck
    """UPDATE leads_lead AS lead SET updated_at = %(at)s,
        created_at = CASE WHEN place %% 10 = 0 THEN %(at)s ELSE created_at END
    FROM own WHERE own.id = lead.id AND place %% 60 IN (
        SELECT n FROM generate_series(0, 59) AS n WHERE n %% 10 = 0 OR n %% 3 = 0
    )""",
    """INSERT INTO leads_followup (version, created_at, updated_at, occurred_at, method, two_way,
        our_people, their_people, summary, is_progress, next_action, logged_by_id, lead_id)
    SELECT 1, %(at)s, %(at)s, %(at)s, 'call', true, '', '', %(words)s, true, '',
        owner_id, id
    FROM own WHERE place %% 3 = 0""",
    """INSERT INTO leads_stagechange (kind, from_stage, to_stage, exit, reason, evidence, moved_at,
        moved_by_id, lead_id)
    SELECT 'advanced', 'lead', 'screening', '', '', '[]', %(at)s, owner_id, id
    FROM own WHERE place %% 6 = 0""",
    """INSERT INTO leads_blocker (version, created_at, updated_at, description, due_on, resolution,
        owner_id, raised_by_id, lead_id)
    SELECT 1, %(at)s, %(at)s, %(words)s, %(day)s, '', owner_id, owner_id, id
    FROM own WHERE place %% 12 = 0 AND exit = ''""",
    """INSERT INTO leads_decision (version, created_at, updated_at, question, answer, text,
        asked_by_id, blocker_id)
    SELECT 1, %(at)s, %(at)s, %(words)s, '', '', own.owner_id, min(blocker.id)
    FROM own JOIN leads_blocker AS blocker ON blocker.lead_id = own.id
    WHERE place %% 24 = 0 AND resolved_on IS NULL GROUP BY own.id, own.owner_id""",
    """UPDATE leads_lead AS lead SET next_action = %(words)s, next_action_on = %(day)s::date
        - (place %% 28)::int
    FROM own WHERE own.id = lead.id AND place %% 4 = 0 AND lead.exit = ''""",
)


def prepare() -> dict[str, int]:
    """A week of work in the chains of the office."""
    week = _week()
    at = week.begins_at + (week.ends_at - week.begins_at) / 2
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_OWN.replace("%%", "%"))
        for statement in _WEEK:
            cursor.execute(statement, {"at": at, "day": week.after.last_day, "words": SUMMARIES[0]})
        cursor.execute("DROP TABLE own")
    return {"chains": len(_readers())}


def _now() -> datetime:
    return timezone.make_aware(datetime.combine(bench_day(), hour(10)))


def _rule() -> DigestRule:
    rule = digest_rule(timezone.localdate(_now()))
    assert rule
    return rule


def _week() -> Period:
    rule = _rule()
    return latest_due(_now(), rule.weekday, rule.time)


def _readers() -> list[engine.Reader]:
    teams = TaskTeam.objects.filter(chain__code__startswith=CODE).order_by("pk")
    return [
        engine.Reader(team.leader, team.chain)
        for team in teams.select_related("leader", "chain")
        if team.leader
    ]


def digests() -> dict[str, Any]:
    """Each digest as the sweep makes it, then the same figures read by the driver alone."""
    week, rule, now = _week(), _rule(), _now()
    readers = _readers()
    _warm_up(readers, week, rule, now)
    found = [_one(reader, week, rule, now) for reader in readers]
    return {name: [one[name] for one in found] for name in found[0]}


def _warm_up(readers: list[engine.Reader], week: Period, rule: DigestRule, now: datetime) -> None:
    """Neither side is the first to touch a page."""
    for reader in readers:
        payload_of(engine.scope_of(reader.user, reader.chain, week, rule, now))


def _one(reader: engine.Reader, week: Period, rule: DigestRule, now: datetime) -> dict[str, float]:
    with taken_down() as statements, _figures_alone() as figures:
        began = time.perf_counter()
        engine._make(reader, week, rule, now, is_late=False)
        made = time.perf_counter()
        pk = Digest.objects.get(reader=reader.user, chain=reader.chain, starts_on=week.start).pk
        asked = time.perf_counter()
        engine._queue(pk, now)
        seconds = time.perf_counter() - asked + made - began
    return {
        "product": seconds * 1000,
        "figures": figures[0] * 1000,
        "sql": send_again(reads(statements)) * 1000,
        "queries": len(statements) - 1,
    }


@contextmanager
def _figures_alone() -> Iterator[list[float]]:
    """How long the content took, without workbook, letter and outbox."""
    found: list[float] = []
    work = engine.payload_of

    def timed(scope: Any) -> Any:
        began = time.perf_counter()
        payload = work(scope)
        found.append(time.perf_counter() - began)
        return payload

    engine.payload_of = timed
    try:
        yield found
    finally:
        engine.payload_of = work


def plans() -> dict[str, Any]:
    """The most rows that one statement of a digest reads, by the database's own account."""
    week, rule, now = _week(), _rule(), _now()
    most: tuple[float, str] = (0, "")
    for reader in _readers()[:EXPLAINED]:
        with taken_down() as statements:
            payload_of(engine.scope_of(reader.user, reader.chain, week, rule, now))
            engine._ledger(reader)
        for sql, params in reads(statements):
            most = max(most, (rows_read(sql, params), sql))
    return {"rows": most[0], "statement": most[1][:300]}


VERBS = {"prepare": prepare, "digests": digests, "plans": plans}
