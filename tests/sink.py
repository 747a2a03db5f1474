"""A real SMTP server on this machine that keeps what it gets and answers as a test says."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from threading import Event, Thread
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

OK = "250 taken"
DROP = "drop"  # end the connection instead of answering, the text being taken
LOSE = "lose"  # end the connection instead of answering, the text being thrown away


@dataclass
class Sink:
    """`received` in the order of arrival, copies included.

    `on_recipient` and `on_text` say what is answered, by the recipient's address.
    """

    on_recipient: Callable[[str], str] = field(default=lambda address: OK)
    on_text: Callable[[str], str] = field(default=lambda address: OK)
    received: list[EmailMessage] = field(default_factory=list)
    connections: int = 0
    host: str = "127.0.0.1"
    port: int = 0

    @property
    def message_ids(self) -> list[str]:
        return [str(message["Message-ID"]) for message in self.received]

    def recipients(self) -> list[str]:
        return [str(message["X-Envelope-To"]) for message in self.received]

    # --- What aiosmtpd calls -----------------------------------------------------------------

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        answer = self.on_recipient(address)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        address = envelope.rcpt_tos[0]
        answer = self.on_text(address)
        if answer in {OK, DROP}:
            message = email.message_from_bytes(envelope.content, policy=email.policy.default)
            message["X-Envelope-To"] = address
            self.received.append(message)  # type: ignore[arg-type]  # by the policy
        if answer in {DROP, LOSE}:
            server.transport.abort()
        return answer

    # --- The server --------------------------------------------------------------------------

    def __enter__(self) -> Sink:
        self._loop, ready = asyncio.new_event_loop(), Event()
        self._thread = Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _serve(self, ready: Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(
            self._loop.create_server(self._conversation, self.host, self.port)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    def _conversation(self) -> SMTP:
        self.connections += 1
        return SMTP(self, hostname="sink", loop=self._loop)

    async def _end(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)
