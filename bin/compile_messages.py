"""Compile every catalogue under kfq_crm/locale* that changed since it was compiled.

In Python, so that a machine without gettext can run the system.
"""

import os
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent / "kfq_crm"


def compile_catalogue(source: Path) -> None:
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
        return
    # Renamed into place: another process never reads half a catalogue.
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    polib.pofile(str(source)).save_as_mofile(str(draft))
    draft.replace(target)


def main() -> None:
    for source in sorted(ROOT.glob("locale*/*/LC_MESSAGES/*.po")):
        compile_catalogue(source)


if __name__ == "__main__":
    main()
