"""A mail server that the tests open, close and make refuse: real SMTP, on a port of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class PostOffice:
    """`mails` are those whose whole content has arrived, answered or not."""

    address: str
    mails: list[EmailMessage] = field(default_factory=list)
    # What it answers to a recipient instead of taking the mail, e.g. "550 no such person".
    answers: dict[str, str] = field(default_factory=dict)
    # While it is cleared, contents are taken and their answer is kept back.
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    async def open(self) -> None:
        """Take mail from now on."""
        self.answering.set()
        host, _, port = self.address.rpartition(":")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="post.hotline.invalid", loop=loop), host, int(port)
        )

    async def close(self) -> None:
        """Nobody answers at this address any more."""
        self.answering.set()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """aiosmtpd's hook for a recipient."""
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """aiosmtpd's hook for a content."""
        mail = message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default)
        self.mails.append(mail)
        await self.answering.wait()
        return "250 OK"
