"""Strict readers of the environment, for settings, and what two of its addresses configure.

Every value may also come from a file named by NAME_FILE (secrets).
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """NAME, or the content of the file that NAME_FILE names; both at once is an error."""
    path = os.environ.get(f"{name}_FILE")
    if path and name in os.environ:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if not path:
        return os.environ.get(name, default).strip()
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error


def flag(name: str, *, default: bool = False) -> bool:
    """1/0, true/false, yes/no, on/off; anything else is an error, not a silent no."""
    value = text(name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return default


def number(name: str, default: int, *, least: int = 0) -> int:
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}.")
    return int(value)


def one_of(name: str, *choices: str) -> str:
    """One of the choices; the first is the default."""
    value = text(name, choices[0])
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}.")
    return value


def names(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def hosts_with_ports(name: str, default: str) -> list[str]:
    """Comma separated host:port, lower case; both parts are needed, so that none is guessed."""
    found = [entry.lower() for entry in names(name, default)]
    for entry in found:
        host, colon, port = entry.partition(":")
        if not (host and colon and port.isascii() and port.isdigit()):
            raise ImproperlyConfigured(f"{name} must list host:port, not {entry!r}.")
    return found


def own_secret(path: Path) -> str:
    """The secret of a one-machine edition: made once, kept in its state folder."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        with suppress(FileExistsError):  # another process was first: its secret stands
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text(encoding="utf-8").strip()


def database(url: str, folder: Path) -> dict[str, Any]:
    """SQLite in the state folder, or what DATABASE_URL says.

    No ATOMIC_REQUESTS: with immediate transactions every page view would take SQLite's
    write lock. Actions open their own transactions.
    """
    config: dict[str, Any] = environ.Env.db_url_config(url or f"sqlite:///{folder}/db.sqlite3")
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif config["ENGINE"] == "django.db.backends.postgresql":
        config["CONN_MAX_AGE"] = number("KFQ_CONN_MAX_AGE", 60)
        config["CONN_HEALTH_CHECKS"] = True
        # Conditions on who sees what look dear to the planner and take milliseconds; compiling
        # them first takes seconds.
        config.setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
    else:
        raise ImproperlyConfigured("DATABASE_URL must name SQLite or PostgreSQL.")
    return config


def cache(url: str, folder: Path) -> dict[str, Any]:
    """Shared by all processes in every edition; nothing that must last is kept in it."""
    if url:
        return {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": url.replace("redis+socket://", "unix://", 1),
            "KEY_PREFIX": "cache",
        }
    return {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": folder / "cache",
    }
