"""Whatever the description allows, and whatever it does not, is answered without a fault.

Schemathesis makes requests from the served description: none may end in a server's error, none
may pass without a token, and no record of one team may come to a program of the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django.live_server_helper import LiveServer

from kfq_crm.base.models import User
from tests.addresses import build_world
from tests.api_cast import make_a_token
from tests.cast import Cast

CHECKS = (
    "not_a_server_error",
    "ignored_auth",
    "object_level_authorization",
    "unsupported_method",
)
SECONDS = 60


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_generated_requests_meet_no_fault_and_no_open_door(
    cast: Cast, live_server: LiveServer, tmp_path: Path
) -> None:
    with transaction.atomic():
        build_world(cast)
    settings = configured(tmp_path, {"member_a": cast.member_a, "member_b": cast.member_b})
    program = Path(sys.executable).with_name("st")
    options = ["--checks", ",".join(CHECKS), "--max-time", str(SECONDS), "--workers", "2"]
    more = ["--max-examples", "5", "--seed", "1", "--generation-database", "none", "--no-color"]
    run = subprocess.run(
        [program, "--config-file", settings, "run", description(live_server), *options, *more],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert "will not run" not in run.stdout


def description(live_server: LiveServer) -> str:
    return f"{live_server.url}/api/v1/schema/?lang=en"


def configured(folder: Path, people: dict[str, User]) -> Path:
    """Two programs that may write, one of each team, whose records are not each other's."""
    headers = {
        name: {"name": "Authorization", "value": f"Token {make_a_token(person).text}"}
        for name, person in people.items()
    }
    entries = [{"name": name, "fixedHeaders": [header]} for name, header in headers.items()]
    (folder / "programs.json").write_text(json.dumps({"auth": entries}))
    settings = folder / "schemathesis.toml"
    names = json.dumps(list(people))
    settings.write_text(f'[auth.wfc]\npath = "{folder}/programs.json"\npeers = {names}\n')
    return settings
