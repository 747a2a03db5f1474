"""The mail of a system without a mail server: one .eml file a message, in the state folder."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.@-]")


class MailFolder(BaseEmailBackend):
    """Writes <EMAIL_FILE_PATH>/<Message-ID>.eml: a second copy replaces the first."""

    def __init__(self, file_path: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.folder = Path(file_path or settings.EMAIL_FILE_PATH)

    def open(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.open()
        for message in email_messages:
            self._write(message)
        return len(email_messages)

    def _write(self, message: EmailMessage) -> None:
        content = message.message()
        name = _NOT_IN_NAMES.sub("_", str(content["Message-ID"]).strip("<>"))
        draft = self.folder / f".{name}.{os.getpid()}"
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content.as_bytes())
        draft.replace(self.folder / f"{name}.eml")  # whole or not at all
