"""The process that sends: takes messages whose turn it is, hands each to its channel, records what came of it.

Several senders share the work by row locks and leases. Nobody waits for anybody: a message that does not go through
costs the others nothing. What a dead sender had in its hands is sent again by another, under the same Message-ID.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping
from datetime import timedelta

import asyncpg
import grpc
from opentelemetry.trace import SpanKind

from chassis import logs
from chassis.clock import system_clock
from chassis.database import Database
from chassis.errors import Refusal
from chassis.identity import Actor, current_actor
from chassis.outages import is_outage
from chassis.telemetry import continue_trace, current_trace_id
from chassis.waiting import wait
from policy.ladders import Channel
from services.notifications import commands, mail, phone
from services.notifications.commands import Errand
from services.notifications.model import Answer, Attempt
from services.notifications.settings import NotificationsSettings
from services.notifications.templates import Template

# Between two looks when no hint comes: queued mail whose wait is over, and leases that ran out, give none.
POLL = 0.5
_PAUSE = 1.0
_log = logs.logger("sender")


class Sender:
    """Sends until it is told to stop, through any outage of the database, the mail server or the telephone gateway."""

    def __init__(
        self,
        database: Database,
        settings: NotificationsSettings,
        texts: Mapping[str, Template],
        gateway: grpc.aio.Channel | None,
    ) -> None:
        """`gateway` None: there is no telephone, and channels that need one are passed over."""
        self._database = database
        self._settings = settings
        self._texts = texts
        self._gateway = gateway
        self._channels = frozenset(Channel) if gateway else frozenset({Channel.EMAIL})
        self._lease = timedelta(seconds=settings.send_lease)
        # Read at the start: a pack that cannot be read must show now, not when somebody has to be told.
        self._house = settings.house(system_clock())
        self._last_resort = settings.last_resort(system_clock())
        self._wake = asyncio.Event()
        self._in_hand = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Take and send; once `stop` is set take no more, and end when what is in hand is recorded."""
        current_actor.set(Actor.service("notifications"))
        listening = asyncio.create_task(self._listen())
        try:
            async with asyncio.TaskGroup() as errands:
                while not stop.is_set():
                    self._wake.clear()
                    for errand in await self._take(stop):
                        errands.create_task(self._run_errand(errand))
                    await wait(self._wake, POLL)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _take(self, stop: asyncio.Event) -> list[Errand]:
        free = self._settings.senders - self._in_hand
        if free <= 0:
            return []
        try:
            async with self._database.transaction() as uow:
                taken = list(
                    await commands.take(uow, self._last_resort, limit=free, lease=self._lease, by=self._channels)
                )
        except Refusal as problem:
            _log.warning("cannot take messages: the database does not answer", reason=problem.reason)
            await wait(stop, _PAUSE)
            return []
        self._in_hand += len(taken)
        return taken

    async def _run_errand(self, errand: Errand) -> None:
        message = errand.message
        attributes = {
            "messaging.message.id": str(message.id),
            "hotline.template": message.order.template,
            "hotline.channel": message.channel.value,
        }
        name = "smtp send" if message.channel is Channel.EMAIL else "phone deliver"
        try:
            with continue_trace(message.traceparent, name, SpanKind.CLIENT, attributes) as span:
                attempt = await self._attempt(errand)
                span.set_attribute("hotline.answer", attempt.answer.value)
                await self._record(attempt, errand)
        finally:
            self._in_hand -= 1
            self._wake.set()

    async def _attempt(self, errand: Errand) -> Attempt:
        message = errand.message
        try:
            sending = self._mailing(errand) if message.channel is Channel.EMAIL else self._phoning(errand)
        except Exception as problem:
            # A mistake of ours in one text must stop neither the others nor this one, once it is mended.
            _log.exception("a message cannot be composed", aggregate_id=str(message.id))
            return Attempt(Answer.NOT_NOW, f"the message cannot be composed: {type(problem).__name__}")
        return await sending

    def _mailing(self, errand: Errand) -> Awaitable[Attempt]:
        message = errand.message
        composed = mail.compose(
            message,
            self._texts[message.order.template],
            sender=self._settings.mail_from,
            recipient=errand.address,
            wording=self._house.wording(message),
            trace_id=current_trace_id(),
        )
        return mail.send(composed, self._settings)

    def _phoning(self, errand: Errand) -> Awaitable[Attempt]:
        message = errand.message
        assert self._gateway is not None, "a channel that this sender does not have gets no turn"
        text = self._texts[message.order.template]
        wording = self._house.wording(message)
        composed = phone.compose(message, text, recipient=errand.address, wording=wording)
        return phone.send(composed, self._gateway, self._settings.phone_deadline)

    async def _record(self, attempt: Attempt, errand: Errand) -> None:
        """Record the answer, through an outage of the database too, for as long as the message is in our hands."""
        until = time.monotonic() + self._settings.send_lease
        message = errand.message
        if attempt.answer is not Answer.ACCEPTED:
            _log.warning("a message did not go out", aggregate_id=str(message.id), reason=attempt.problem)
        while True:
            try:
                async with self._database.transaction() as uow:
                    await commands.record(attempt, message, uow)
                return
            except Refusal as problem:
                if not is_outage(problem) or time.monotonic() >= until:
                    _log.error("an answer was not recorded, the message goes out again", aggregate_id=str(message.id))
                    return
                await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(self._settings.need("database_url"), timeout=5.0)
                lost = asyncio.Event()
                connection.add_termination_listener(lambda _connection: lost.set())  # noqa: B023
                try:
                    await connection.add_listener("hotline_sender", lambda *_: self._wake.set())
                    self._wake.set()
                    await lost.wait()
                finally:
                    connection.terminate()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(_PAUSE)
