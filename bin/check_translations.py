"""Every string that a person can see has a Chinese translation.

Collects the strings again from a copy of the sources (the work tree stays untouched) and fails
on an untranslated, fuzzy or badly formatted entry, and on one that no source uses any more.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ["manage.py", "kfq_crm", "chains", "leads", "services", "seeds"]
CATALOGUES = Path("kfq_crm/locale/zh_Hans/LC_MESSAGES")
VENDOR = Path("kfq_crm/locale_vendor/zh_Hans/LC_MESSAGES")


def collect(copy: Path) -> None:
    """Run makemessages for Python, templates and our own scripts inside the copy."""
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo")
            )
        else:
            shutil.copy2(source, copy / name)
    environment = {**os.environ, "KFQ_VAR": str(copy / "var"), "LOG_LEVEL": "WARNING"}
    options = ["--locale=zh_Hans", "--ignore=var", "--ignore=*.min.js", "--verbosity=0"]
    for domain in ("django", "djangojs"):
        subprocess.run(
            [sys.executable, "manage.py", "makemessages", f"--domain={domain}", *options],
            cwd=copy,
            env=environment,
            check=True,
        )


def where(entry: polib.POEntry) -> str:
    return ", ".join(f"{file}:{line}" for file, line in entry.occurrences[:3])


def complaints(catalogue: polib.POFile, kept: polib.POFile) -> list[str]:
    """What is wrong with the freshly collected catalogue, one line each."""
    known = {(entry.msgctxt, entry.msgid) for entry in kept if not entry.obsolete}
    found = [f"not translated: {e.msgid!r} ({where(e)})" for e in catalogue.untranslated_entries()]
    for entry in catalogue.fuzzy_entries():
        fresh = (entry.msgctxt, entry.msgid) not in known
        kind = "not translated" if fresh else "fuzzy"
        found.append(f"{kind}: {entry.msgid!r} ({where(entry)})")
    found += [f"no longer used: {e.msgid!r}" for e in catalogue.obsolete_entries()]
    return found


def malformed(path: Path) -> list[str]:
    """Placeholders that differ between source and translation, by gettext's own check."""
    checked = subprocess.run(
        ["msgfmt", "--check-format", "--output-file=/dev/null", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    return checked.stderr.splitlines() if checked.returncode else []


def check() -> list[str]:
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="kfq-messages-") as folder:
        copy = Path(folder)
        collect(copy)
        for fresh in sorted((copy / CATALOGUES).glob("*.po")):
            original = ROOT / CATALOGUES / fresh.name
            kept = polib.pofile(str(original)) if original.exists() else polib.POFile()
            found += complaints(polib.pofile(str(fresh)), kept)
    for path in [*(ROOT / CATALOGUES).glob("*.po"), *(ROOT / VENDOR).glob("*.po")]:
        found += malformed(path)
    return found


def main() -> None:
    found = check()
    print("\n".join(found))
    if found:
        raise SystemExit(f"{len(found)} strings need a translator.")


if __name__ == "__main__":
    main()
