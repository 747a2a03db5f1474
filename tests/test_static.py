"""Static files: every reference between them resolves, and none leads to another host."""

import re
from pathlib import Path

from django.core.management import call_command
from pytest_django.fixtures import Settings

FOREIGN = re.compile(r"""url\(\s*["']?(?:https?:)?//|@import\s+["'](?:https?:)?//""")


def test_collecting_static_files_finds_every_reference(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    assert (tmp_path / "staticfiles.json").exists()
    sheets = [
        sheet for sheet in tmp_path.rglob("*.css") if FOREIGN.search(sheet.read_text("utf-8"))
    ]
    assert sheets == []
