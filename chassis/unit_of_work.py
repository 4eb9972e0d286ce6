"""What one transaction can do besides the service's own SQL: emit facts, write audit rows, answer a repeated call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf.message import Message

from chassis import errors, outbox
from chassis.clock import Clock, Ids
from chassis.envelope import Envelope
from chassis.identity import acting, current_actor
from chassis.outages import database_errors, is_gone
from chassis.queries import chassis_queries as sql
from chassis.telemetry import creating, current_trace_id, current_traceparent, is_recorded, link, statement

Row = Mapping[str, Any]
Route = Callable[[str], str]
"""From an aggregate type to its topic."""


class Connection(Protocol):
    """What a unit of work needs of an asyncpg connection."""

    async def execute(self, query: str, *args: Any) -> str: ...
    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...
    async def executemany(self, command: str, args: Any) -> None: ...
    def is_closed(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What every unit of work of a service shares."""

    source: str
    clock: Clock
    ids: Ids
    route: Route


class UnitOfWork:
    """One open transaction. Statements are named queries of the service's own store (`Queries`), never built."""

    def __init__(self, connection: Connection, context: Context) -> None:
        self._connection = connection
        self._context = context
        self._then: list[Callable[[], None]] = []

    def once_committed(self, then: Callable[[], None]) -> None:
        """What is only told if, and as soon as, this transaction is committed; it must not raise."""
        self._then.append(then)

    def committed(self) -> None:
        """It is, says whoever opened this unit of work."""
        for then in self._then:
            then()

    @property
    def clock(self) -> Clock:
        """The service's clock."""
        return self._context.clock

    @property
    def ids(self) -> Ids:
        """Where the service's new identifiers come from."""
        return self._context.ids

    def _is_gone(self) -> bool:
        return is_gone(self._connection)

    async def execute(self, query: str, *args: Any) -> str:
        """Run a statement; answers the command tag, e.g. `UPDATE 1`."""
        with statement(query), database_errors(self._is_gone):
            return await self._connection.execute(query, *args)

    async def execute_many(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of arguments."""
        with statement(query), database_errors(self._is_gone):
            await self._connection.executemany(query, rows)

    async def fetch(self, query: str, *args: Any) -> list[Row]:
        """All rows."""
        with statement(query), database_errors(self._is_gone):
            return await self._connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> Row | None:
        """The first row, or None."""
        with statement(query), database_errors(self._is_gone):
            row: Row | None = await self._connection.fetchrow(query, *args)
            return row

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        with statement(query), database_errors(self._is_gone):
            return await self._connection.fetchval(query, *args)

    async def emit(self, fact: Message, *, aggregate_type: str, aggregate_id: object, sequence: int) -> Envelope:
        """Put a fact in the outbox: it is published if, and only if, this transaction commits.

        `aggregate_type` is `<context>.<aggregate>` (its topic must exist), `sequence` the version of the aggregate that
        this fact makes: 1, 2, 3 without gaps, one fact per version. The caller holds the aggregate's row, so that
        versions are committed in order. A fact that violates its own contract raises: it must never leave.
        """
        actor, topic, subject = current_actor.get(), self._context.route(aggregate_type), str(aggregate_id)
        with creating(topic, fact, f"{aggregate_type}/{subject}", sequence):
            await self.follow(aggregate_type, subject)
            envelope = Envelope(
                id=self.ids.new(),
                type=fact.DESCRIPTOR.full_name,
                source=f"/hotline/{self._context.source}",
                time=self.clock(),
                aggregate_type=aggregate_type,
                subject=subject,
                sequence=sequence,
                traceparent=current_traceparent(),
                actor_ref=actor.subject if actor else None,
            )
            await self.execute(sql.emit, *outbox.row(envelope, fact))
        return envelope

    async def follow(self, aggregate_type: str, aggregate_id: object) -> None:
        """Link the current span with the commit of the aggregate's last version, for as long as the outbox keeps it.

        A promise waits for days, and whoever keeps it acts in another trace: from its end one finds back to what
        armed it.
        """
        if is_recorded():
            link(await self.fetchval(sql.committed_last, aggregate_type, str(aggregate_id)), "before")

    async def audit(self, action: str, subject: object, detail: Mapping[str, Any] | None = None) -> None:
        """Append who did what to which thing; `detail` holds codes and references, never personal data."""
        actor = acting()
        await self.execute(
            sql.audit,
            self.ids.new(),
            self.clock(),
            actor.subject,
            actor.kind.value,
            action,
            str(subject),
            dict(detail or {}),
            current_trace_id(),
        )

    async def idempotent(self, key: str, request: Message) -> bytes | None:
        """The stored response if this call was already done; None if it is to be done now, and then `remember`ed.

        Keys belong to the actor. A second call with the same key waits until the first has committed or rolled back.
        The same key with another body is refused: ALREADY_EXISTS, reason IDEMPOTENCY_KEY_REUSED.
        """
        if not key:
            raise errors.invalid("idempotency_key", "must not be empty")
        actor, digest = acting(), _digest(request)
        claimed = await self.fetchval(sql.claim_key, actor.subject, key, digest, self.clock())
        if claimed is not None:
            return None
        row = await self.fetchrow(sql.answered, actor.subject, key)
        if row is None:
            raise errors.aborted(
                errors.Reason.CONFLICT, "another call with this idempotency key is just ending: try again"
            )
        if row["request_hash"] != digest:
            raise errors.already_exists(
                errors.Reason.IDEMPOTENCY_KEY_REUSED,
                "this idempotency key was used with another request: use a new key",
            )
        return _stored(row)

    async def remember(self, key: str, request: Message, response: Message) -> None:
        """Store the response under the key that `idempotent` claimed in this transaction."""
        body = response.SerializeToString(deterministic=True)
        stored = await self.fetchval(sql.remember, acting().subject, key, _digest(request), body)
        if stored is None:
            raise RuntimeError("remember() without idempotent() for the same key and request in the same transaction")


async def prepare_connection(connection: Any) -> None:
    """Teach a new connection that jsonb is a Python value."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


def _digest(request: Message) -> bytes:
    digest = hashlib.sha256(request.DESCRIPTOR.full_name.encode() + b"\0")
    digest.update(request.SerializeToString(deterministic=True))
    return digest.digest()


def _stored(row: Row) -> bytes:
    response = row["response"]
    if response is None:
        raise RuntimeError("an idempotency key was committed without its response: idempotent() without remember()")
    return bytes(response)
