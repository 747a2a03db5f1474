"""The environment's values are read strictly: a bad one stops the start, and says which."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def start(tmp_path: Path, show: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Load the product's own settings in a fresh process; prints the value of `show`."""
    clean = {"PATH": os.environ["PATH"], "KFQ_VAR": str(tmp_path / "var")}
    return subprocess.run(
        [sys.executable, "-c", f"from kfq_crm import settings as s; print({show or None})"],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("KFQ_PROXY_COUNT", "-1"),
        ("KFQ_PROXY_COUNT", "１"),
        ("LOG_FORMAT", "xml"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("SECRET_KEY_FILE", "/nowhere/key"),
    ],
)
def test_settings_refuse_what_they_cannot_read(tmp_path: Path, name: str, value: str) -> None:
    environment = {"SECRET_KEY": "x"} if name == "DATABASE_URL" else {}
    refused = start(tmp_path, **environment, **{name: value})
    assert refused.returncode == 1
    assert "ImproperlyConfigured" in refused.stderr
    assert name in refused.stderr


def test_settings_refuse_a_secret_given_twice(tmp_path: Path) -> None:
    refused = start(tmp_path, SECRET_KEY="x", SECRET_KEY_FILE="/etc/hostname")
    assert "not both" in refused.stderr


def test_settings_want_a_secret_beside_a_database_server(tmp_path: Path) -> None:
    refused = start(tmp_path, DATABASE_URL="postgres://localhost/kfq")
    assert "SECRET_KEY" in refused.stderr


def test_settings_read_a_secret_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("from a file\n")
    assert start(tmp_path, "s.SECRET_KEY", SECRET_KEY_FILE=str(secret)).stdout == "from a file\n"


def test_settings_make_one_secret_and_keep_it(tmp_path: Path) -> None:
    first = start(tmp_path, "s.SECRET_KEY").stdout
    assert len(first) > 60
    assert start(tmp_path, "s.SECRET_KEY").stdout == first
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600


SAFE = """[s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE,
           s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0]"""


def test_settings_are_safe_unless_told_otherwise(tmp_path: Path) -> None:
    assert start(tmp_path, SAFE).stdout == "[True, True, True, True]\n"
    assert start(tmp_path, SAFE, KFQ_INSECURE_HTTP="1").stdout == "[False, False, False, False]\n"
    assert start(tmp_path, "s.DEBUG").stdout == "False\n"


def test_sqlite_takes_its_write_lock_at_the_start(tmp_path: Path) -> None:
    options = start(tmp_path, "s.DATABASES['default']['OPTIONS']['transaction_mode']")
    assert options.stdout == "IMMEDIATE\n"
