"""The digest through killed processes, clocks set back, lost Mondays and the turn of the year."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings

from kfq_crm.base.models import OutgoingMail
from leads.actions.followups import log_follow_up
from leads.digest import moved
from leads.digest.engine import make_digests
from leads.models import Digest, DigestState
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.faults.processes import database_url
from tests.leads.digest.asking import a_question
from tests.leads.digest.weeks import a_rule, at, clock, made

ROOT = Path(__file__).resolve().parent.parent.parent
LEADER, ZONE = "chain_leader_a", "coordinator"

# Where the process dies: the name that is replaced by its death, at which call
DEATHS = {
    "while the first content is gathered": ("leads.digest.engine", "payload_of", 1),
    "between two contents": ("leads.digest.engine", "payload_of", 2),
    "when all is frozen and nothing queued": ("leads.digest.engine", "send_digest", 1),
    "before the mail is written": ("kfq_crm.base.mail", "enqueue", 1),
    "between mail and the note of it": ("leads.digest.dispatch", "stand_in", 1),
    "between two mails": ("leads.digest.engine", "send_digest", 2),
}
DYING = """
import importlib, os, signal, sys
from datetime import datetime
import django
django.setup()
from leads.digest import engine
module, name, call, now = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
home = importlib.import_module(module)
real, seen = getattr(home, name), []
def dies(*args, **kwargs):
    seen.append(1)
    if len(seen) == call:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
setattr(home, name, dies)
engine.make_digests(datetime.fromisoformat(now))
"""
SWEEPING = """
import sys
from datetime import datetime
import django
django.setup()
from leads.digest.engine import make_digests
result = make_digests(datetime.fromisoformat(sys.argv[1]))
assert not result.errors, result.errors
"""


def start(code: str, tmp_path: Path, *arguments: object) -> "subprocess.Popen[bytes]":
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "kfq_crm.settings",
        "DATABASE_URL": database_url(),
        "KFQ_VAR": str(tmp_path),
        "SECRET_KEY": settings.SECRET_KEY,
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)


def ended(process: "subprocess.Popen[bytes]") -> int:
    _out, errors = process.communicate(timeout=60)
    assert b"Traceback" not in errors, errors.decode()
    return process.returncode


@pytest.fixture
def readers(cast: Cast) -> Cast:
    a_rule()
    for person in (cast.chain_leader_a, cast.coordinator):
        person.email = f"{person.username}@example.com"
        person.save()
    return cast


def frozen() -> dict[int, str]:
    return {
        row.pk: json.dumps(row.payload, sort_keys=True, ensure_ascii=False)
        for row in Digest.objects.all()
    }


def mails() -> Counter[str]:
    return Counter(OutgoingMail.objects.values_list("recipient__username", flat=True))


# --- Killed ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("death", DEATHS)
def test_killed_sweep_is_resumed_with_the_same_content(
    readers: Cast, tmp_path: Path, death: str
) -> None:
    with clock("2027-01-01T10:00"):
        log_a_lead(by=readers.member_a, title="跨年项目")
        a_question(readers)
        OutgoingMail.objects.all().delete()
    killed = start(DYING, tmp_path, *DEATHS[death], at("2027-01-04T08:00").isoformat())
    assert ended(killed) == -9
    kept = frozen()
    with clock("2027-01-04T08:30"):  # the world went on meanwhile
        log_a_lead(by=readers.member_a, title="后来的项目", next_action="x")
    for minute in (35, 40):
        with clock(f"2027-01-04T08:{minute}"):
            make_digests()
    assert made() == [
        (LEADER, "航空航天", "2026-W53", "queued"),
        (ZONE, "", "2026-W53", "queued"),
    ]
    assert kept.items() <= frozen().items()
    assert mails() == {LEADER: 1, ZONE: 1}
    mail = OutgoingMail.objects.get(recipient=readers.chain_leader_a)
    assert "跨年项目" in mail.text
    # what is not frozen yet is told as of the resumed sweep, and only then
    assert ("后来的项目" in mail.text) is (not kept)
    assert mail.attachments.count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_make_each_digest_once(readers: Cast, tmp_path: Path) -> None:
    now = at("2027-01-04T08:00").isoformat()
    workers = [start(SWEEPING, tmp_path, now) for _number in range(4)]
    assert [ended(worker) for worker in workers] == [0, 0, 0, 0]
    assert [row[:3] for row in made()] == [
        (LEADER, "航空航天", "2026-W53"),
        (ZONE, "", "2026-W53"),
    ]
    assert mails() == {LEADER: 1, ZONE: 1}
    assert not Digest.objects.exclude(state=DigestState.QUEUED).exists()


# --- The clock ------------------------------------------------------------------------------


def sweep_from(start: str, until: str, minutes: int = 5) -> None:
    """The timetable's calls between two moments of the (possibly wrong) clock."""
    moment, end = at(start), at(until)
    while moment <= end:
        with time_machine.travel(moment, tick=False):
            make_digests()
        moment += timedelta(minutes=minutes)


@pytest.mark.django_db
def test_clock_set_back_two_hours_over_monday_morning(readers: Cast) -> None:
    sweep_from("2026-12-28T08:00", "2026-12-28T08:00")
    sweep_from("2027-01-04T07:50", "2027-01-04T08:10")
    sweep_from("2027-01-04T06:10", "2027-01-04T08:30", minutes=10)
    assert Counter((row[0], row[2]) for row in made()) == {
        (LEADER, "2026-W52"): 1,
        (ZONE, "2026-W52"): 1,
        (LEADER, "2026-W53"): 1,
        (ZONE, "2026-W53"): 1,
    }
    assert mails() == {LEADER: 2, ZONE: 2}


@pytest.mark.django_db
def test_first_digest_and_clock_set_back_before_it(readers: Cast) -> None:
    """Nothing older than what went out is made up for."""
    sweep_from("2027-01-04T08:00", "2027-01-04T08:00")
    sweep_from("2027-01-04T06:00", "2027-01-04T08:00", minutes=30)
    assert {row[2] for row in made()} == {"2026-W53"}
    assert mails() == {LEADER: 1, ZONE: 1}


@pytest.mark.django_db
def test_one_monday_wholly_down_is_made_up_on_tuesday(readers: Cast) -> None:
    for monday in ("2026-12-28", "2027-01-05", "2027-01-11"):
        sweep_from(f"{monday}T08:00", f"{monday}T09:00", minutes=30)
    weeks = ["2026-W52", "2026-W53", "2027-W01"]
    assert [row[2] for row in made() if row[0] == LEADER] == weeks
    assert {row[3] for row in made()} == {"queued"}
    assert mails() == {LEADER: 3, ZONE: 3}


# --- Each change in exactly one week --------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db
def test_each_change_of_four_weeks_is_told_in_exactly_one_digest(
    readers: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes at every odd hour of W52 to W02, a Monday down, the clock set back once."""
    monkeypatch.setattr(moved, "SHOWN", dict.fromkeys(moved.SHOWN, 1000))
    expected: dict[str, set[str]] = {}
    moment, end = at("2026-12-21T00:00"), at("2027-01-18T00:00")
    down = at("2027-01-04T00:00"), at("2027-01-05T00:00")
    while moment < end:
        with time_machine.travel(moment, tick=False):
            title = f"{moment:%m-%d %H}"
            lead = log_a_lead(by=readers.member_a, title=title)
            values = {"method": "call", "summary": title, "is_progress": True}
            log_follow_up(lead=lead, values=values, by=readers.member_a)
            expected.setdefault(f"{moment:%G-W%V}", set()).add(title)
            if not down[0] <= moment < down[1]:
                make_digests()
        moment += timedelta(hours=11)
    with time_machine.travel(at("2027-01-11T07:00"), tick=False):
        make_digests()
    with time_machine.travel(at("2027-01-18T08:00"), tick=False):
        make_digests()
    told: dict[str, dict[str, set[str]]] = {}
    for row in Digest.objects.filter(chain=readers.chain_a, starts_on__gte=datetime(2026, 12, 21)):  # noqa: DTZ001 — a day
        part = row.payload["sections"]["moved"]
        told[row.code] = {
            name: {item["name"] for item in part[name]["items"]} for name in ("new", "progress")
        }
    assert told == {code: {"new": t, "progress": t} for code, t in expected.items()}
    assert set(told) == {"2026-W52", "2026-W53", "2027-W01", "2027-W02"}
    assert all(_is_apart(told, part) for part in ("new", "progress"))


def _is_apart(told: dict[str, Any], part: str) -> bool:
    names = [name for week in told.values() for name in week[part]]
    return len(names) == len(set(names))
