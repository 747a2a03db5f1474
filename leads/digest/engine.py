"""The sweep: each reader's digest of the week is frozen, then mailed, each step once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from chains.models import TaskTeam
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.mail import LARGEST_FILES
from kfq_crm.base.models import User
from leads.digest.dispatch import send_digest
from leads.digest.payload import payload_of
from leads.digest.period import Period, latest_due, missed
from leads.digest.registry import Scope, ledger_writer
from leads.models import Digest, DigestRule, DigestState
from leads.models.digest import GETS_ZONE_DIGEST
from leads.rulebook import digest_rule

if TYPE_CHECKING:
    from chains.models import Chain

logger = structlog.get_logger(__name__)

MOST_WEEKS = 8  # older missed weeks are left out altogether
BACKEND = "django.contrib.auth.backends.ModelBackend"
LARGEST_LEDGER = LARGEST_FILES // 2


@dataclass
class DigestRun:
    """What a run did; shown on the operations page."""

    made: int = 0
    queued: int = 0
    on_record: int = 0
    failed: int = 0
    has_rule: bool = True
    errors: list[str] = field(default_factory=list)

    @property
    def error(self) -> str:
        """What somebody has to look at; empty when all went well."""
        if not self.has_rule:
            return _("No rule says when the weekly digest goes out.")
        return "; ".join(self.errors)

    def counts(self) -> dict[str, Any]:
        shown = ("made", "queued", "on_record", "failed")
        return {name: value for name, value in asdict(self).items() if name in shown and value}


@dataclass(frozen=True)
class Reader:
    """Somebody who gets a digest: of a chain, or (without one) of the zone."""

    user: User
    chain: Chain | None

    @property
    def key(self) -> tuple[int, int | None]:
        return self.user.pk, self.chain.pk if self.chain else None


def make_digests(now: datetime | None = None) -> DigestRun:
    """Make and queue what is due by `now`, judged in site time.

    Safe to run twice, at once and after a kill: a digest is unique a reader, chain and week,
    its content is frozen in the row before it is mailed, and a run goes on where the last one
    ended. Of several missed weeks only the newest is mailed, the others are put on record.
    Trouble with one digest does not stop the others.
    """
    moment = now or timezone.now()
    result = DigestRun()
    rule = digest_rule(timezone.localdate(moment))
    if rule is None:
        result.has_rule = False
        return result
    latest = latest_due(moment, rule.weekday, rule.time)
    # The zone's digest tells which of the others did not arrive
    for readers in (_leaders(), _coordinators()):
        _make_missing(readers, latest, rule, moment, result)
        _queue_made(moment, result)
    return result


def _leaders() -> list[Reader]:
    teams = TaskTeam.objects.filter(leader__is_active=True).select_related("leader", "chain")
    return [Reader(team.leader, team.chain) for team in teams if team.leader]


def _coordinators() -> list[Reader]:
    people = User.objects.with_perm(GETS_ZONE_DIGEST, backend=BACKEND, include_superusers=False)
    return [Reader(person, None) for person in people.distinct().order_by("pk")]


def _make_missing(
    readers: list[Reader], latest: Period, rule: DigestRule, now: datetime, result: DigestRun
) -> None:
    newest = _newest_made()
    for reader in readers:
        weeks = missed(latest, newest.get(reader.key), MOST_WEEKS)
        for period in weeks:
            with _apart(result, f"{reader.key} {period.code}"):
                _make(reader, period, rule, now, is_late=period != latest)
                result.made += 1
                result.on_record += period != latest


def _newest_made() -> dict[tuple[int, int | None], date]:
    """By reader and chain the newest week on record; one query."""
    rows = Digest.objects.order_by().values_list("reader", "chain")
    return {(reader, chain): day for reader, chain, day in rows.annotate(newest=Max("starts_on"))}


def _make(
    reader: Reader,
    period: Period,
    rule: DigestRule,
    now: datetime,
    *,
    is_late: bool,
) -> None:
    """Freeze the content. When another worker was first, its content stands."""
    scope = scope_of(reader.user, reader.chain, period, rule, now, is_late=is_late)
    payload = {**payload_of(scope), "skipped": [] if is_late else _not_mailed(reader)}
    row = Digest(
        reader=reader.user,
        chain=reader.chain,
        starts_on=period.start,
        made_at=now,
        state=DigestState.ON_RECORD if is_late else DigestState.MADE,
        payload=payload,
        ledger=None if is_late else _ledger(reader),
    )
    Digest.objects.bulk_create([row], ignore_conflicts=True)


def scope_of(
    reader: User,
    chain: Chain | None,
    period: Period,
    rule: DigestRule | None,
    now: datetime,
    *,
    is_late: bool = False,
) -> Scope:
    """What the digest of this week tells this reader, as of now."""
    before = Digest.objects.filter(reader=reader, chain=chain, starts_on=period.before.start)
    return Scope(
        reader=reader,
        chain=chain,
        period=period,
        now=now,
        calendar=current_calendar(),
        questions=rule.decisions if rule else 3,
        before=before.values_list("payload", flat=True).first() or {},
        is_late=is_late,
    )


def _not_mailed(reader: Reader) -> list[str]:
    """The weeks before this one that nobody was told of, back to the last one mailed."""
    rows = Digest.objects.filter(reader=reader.user, chain=reader.chain).order_by("-starts_on")
    codes = []
    for row in rows.only("state", "starts_on")[:MOST_WEEKS]:
        if row.state == DigestState.QUEUED:
            break
        codes.append(row.code)
    return codes[::-1]


def _ledger(reader: Reader) -> bytes | None:
    """The chain's list as the reader may see it; none of the zone, none that mail refuses."""
    writer = ledger_writer()
    if writer is None or reader.chain is None:
        return None
    target = BytesIO()
    writer(reader.chain, reader.user, target)
    content = target.getvalue()
    return content if len(content) <= LARGEST_LEDGER else None


def _queue_made(now: datetime, result: DigestRun) -> None:
    waiting = Digest.objects.filter(state=DigestState.MADE).order_by("starts_on", "pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        with _apart(result, f"digest {pk}"):
            result.queued += _queue(pk, now)


@transaction.atomic
def _queue(pk: int, now: datetime) -> bool:
    rows = Digest.objects.select_for_update(no_key=True, of=("self",))
    digest = rows.filter(pk=pk, state=DigestState.MADE).first()
    if digest is None:  # another worker queued it
        return False
    newer = Digest.objects.filter(
        reader=digest.reader_id, chain=digest.chain_id, starts_on__gt=digest.starts_on
    )
    if newer.exists():  # made before a long outage: its week is old news
        digest.state, digest.ledger = DigestState.ON_RECORD, None
        digest.save(update_fields=["state", "ledger"])
        return False
    send_digest(digest, now)
    return True


@contextmanager
def _apart(result: DigestRun, about: str = "") -> Iterator[None]:
    """What goes wrong with one digest is noted, and the next one is made all the same."""
    try:
        yield
    except Exception as error:  # whatever it is, the other leaders are not to wait for it
        logger.exception("digest_failed", about=about)
        result.failed += 1
        result.errors.append(f"{about} {type(error).__name__}: {error}".strip())
