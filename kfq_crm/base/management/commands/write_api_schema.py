"""Writes the API's description into docs/api/, in both languages, as it is checked in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from drf_spectacular.renderers import OpenApiYamlRenderer2

from kfq_crm.base.api.schema import schema_in


def file_of(folder: Path, language: str) -> Path:
    return folder / f"openapi.{language}.yaml"


def text_of(language: str) -> bytes:
    rendered: bytes = OpenApiYamlRenderer2().render(schema_in(language), renderer_context={})
    return rendered


class Command(BaseCommand):
    help = "Write docs/api/openapi.*.yaml. Run it after every change of the API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, default=settings.BASE_DIR / "docs" / "api")

    def handle(self, *args: Any, **options: Any) -> None:
        options["to"].mkdir(parents=True, exist_ok=True)
        for language, _label in settings.LANGUAGES:
            file_of(options["to"], language).write_bytes(text_of(language))
            self.stdout.write(str(file_of(options["to"], language)))
