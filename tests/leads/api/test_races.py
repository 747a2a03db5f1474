"""Two programs at the same moment, and one that dies between: a lead once or not at all."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from kfq_crm.base.models import RepeatableWrite
from leads.models import Claim, Contact, Enterprise, FollowUp, Lead, StageChange
from tests.api_cast import ClientOf, Program, program_of
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.leads.api.asking import NEW, TALK, change, send
from tests.threads import at_once

ROOT = Path(__file__).resolve().parents[3]
ALONE = pytest.mark.django_db(transaction=True)


def twin(program: Program) -> Program:
    """The same program once more, for another thread."""

    class Made:
        token, text = program.token, program.text

    return program_of(Made)  # type: ignore[arg-type]  # what a token's maker returns


def statuses(answers: list[Any]) -> list[int]:
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    return sorted(answer.status_code for answer in answers)


@ALONE
@pytest.mark.postgresql
@pytest.mark.parametrize("key", ["the same", "one each"])
def test_two_identical_creations_at_once_log_one_lead(
    cast: Cast, client_of: ClientOf, key: str
) -> None:
    one = client_of(cast.member_a)
    other = twin(one)
    keys = ["a", "a"] if key == "the same" else ["a", "b"]

    def sender(program: Program, name: str) -> Callable[[], Any]:
        return lambda: send(program, "/leads/", NEW, Idempotency_Key=name)

    answers = at_once(sender(one, keys[0]), sender(other, keys[1]))
    # The same key: told to wait, or the first answer again. Another: the lead is logged already
    assert statuses(answers) in ([[201, 201], [201, 409]] if key == "the same" else [[201, 422]])
    assert [Lead.objects.count(), Enterprise.objects.count(), Claim.objects.count()] == [1, 1, 1]
    assert StageChange.objects.count() == 1
    again = send(one, "/leads/", NEW, Idempotency_Key="a")
    assert again.status_code in {201, 422}
    assert Lead.objects.count() == 1


@ALONE
@pytest.mark.postgresql
def test_of_two_changes_of_one_revision_one_wins(cast: Cast, client_of: ClientOf) -> None:
    lead = log_a_lead(by=cast.member_a)
    one = client_of(cast.member_a)
    other = twin(one)
    path = f"/leads/{lead.pk}/"
    answers = at_once(
        lambda: change(one, path, {"title": "甲"}, lead.version),
        lambda: change(other, path, {"title": "乙"}, lead.version),
    )
    assert statuses(answers) == [200, 412]
    won = next(answer for answer in answers if answer.status_code == 200)
    lead.refresh_from_db()
    assert (lead.title, lead.version) == (won.json()["title"], won.json()["version"])


@ALONE
@pytest.mark.postgresql
def test_same_follow_up_at_once_is_logged_once(cast: Cast, client_of: ClientOf) -> None:
    lead = log_a_lead(by=cast.member_a)
    one = client_of(cast.member_a)
    path = f"/leads/{lead.pk}/follow-ups/"
    programs = [one, *(twin(one) for _number in range(3))]

    def sender(program: Program) -> Callable[[], Any]:
        return lambda: send(program, path, TALK, Idempotency_Key="once")

    answers = at_once(*map(sender, programs))
    assert set(statuses(answers)) <= {201, 409}
    assert 201 in statuses(answers)
    assert FollowUp.objects.count() == 1


# --- A process that dies --------------------------------------------------------------------

# Sends one lead and is killed where the environment says: before its commit, or after it
DYING = """
import os, signal
import django
import time_machine
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = os.environ["DYING_DATABASE"]
from kfq_crm.base.api import writes
from tests.api_cast import Program
from tests.leads.api.asking import NEW, send
from tests.leads.claiming import MONDAY

time_machine.travel(MONDAY, tick=False).start()

def die():
    os.kill(os.getpid(), signal.SIGKILL)

where = os.environ["DYING_AT"]
if where == "before the key":
    writes.RepeatableWrite.objects.create = lambda **values: die()
elif where == "before the commit":
    made = writes.RepeatableWrite.objects.create
    def create(**values):
        made(**values)
        die()
    writes.RepeatableWrite.objects.create = create
else:
    writes.Response = lambda *args, **kwargs: die()
program = Program()
program.credentials(HTTP_AUTHORIZATION="Token " + os.environ["DYING_TOKEN"])
answer = send(program, "/leads/", NEW, Idempotency_Key="once")
print("lives on:", answer.status_code, answer.content.decode())
"""


@ALONE
@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("where", "left"), [("before the key", 0), ("before the commit", 0), ("after the commit", 1)]
)
def test_program_killed_between_leaves_a_whole_lead_or_none(
    cast: Cast, client_of: ClientOf, where: str, left: int
) -> None:
    program = client_of(cast.member_a)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DYING_DATABASE": str(connection.settings_dict["NAME"]),
        "DYING_TOKEN": program.text,
        "DYING_AT": where,
    }
    died = subprocess.run(
        [sys.executable, "-c", DYING], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert died.returncode == -signal.SIGKILL, died.stdout + died.stderr
    rows = (Lead, Enterprise, Claim, StageChange, RepeatableWrite)
    assert [model.objects.count() for model in rows] == [left] * len(rows)
    assert not Contact.objects.exists()
    again = send(program, "/leads/", NEW, Idempotency_Key="once")
    assert again.status_code == 201
    assert Lead.objects.count() == 1
