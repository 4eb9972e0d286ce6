"""What counts as an outage: something out of reach, where nothing is wrong with the command and waiting is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import grpc

from chassis import errors

_DATABASE_OUT_OF_REACH: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,
)
_COLLISIONS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
# PostgreSQL's text holds every character but U+0000, which protobuf's strings may hold.
_TEXT_IT_CANNOT_HOLD = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)
_PEER_OUT_OF_REACH = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
)


@contextmanager
def database_errors(gone: Callable[[], bool]) -> Iterator[None]:
    """Around one exchange with the database: outages become UNAVAILABLE, collisions ABORTED, text that cannot
    be kept INVALID_ARGUMENT; all else passes.

    `gone` tells whether the connection is lost: asyncpg reports its use after that as a mistake of ours.
    """
    try:
        yield
    except _DATABASE_OUT_OF_REACH as problem:
        raise database_unavailable(problem) from problem
    except _COLLISIONS as problem:
        raise errors.aborted(
            errors.Reason.CONFLICT, "another command changed the same things at the same time: try again"
        ) from problem
    except _TEXT_IT_CANNOT_HOLD as problem:
        raise errors.invalid("(a text)", "holds the character U+0000, which cannot be kept: remove it") from problem
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as problem:
        if gone():
            raise database_unavailable(problem) from problem
        raise


def is_gone(connection: Any) -> bool:
    """Whether an asyncpg connection is lost; one that left its pool because it broke raises when it is asked."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


def database_unavailable(problem: BaseException) -> errors.Refusal:
    """The refusal for a database that cannot be reached; names the kind of problem, never its text."""
    return errors.unavailable(
        errors.Reason.DATABASE_UNAVAILABLE,
        "the service's database cannot be reached; nothing was changed unless the same idempotency key later says so",
        problem=type(problem).__name__,
    )


def is_outage(problem: BaseException) -> bool:
    """Whether to wait and try again for as long as it takes, rather than count the failure against the fact."""
    if isinstance(problem, errors.Refusal):
        return problem.code in (errors.Code.UNAVAILABLE, errors.Code.ABORTED, errors.Code.DEADLINE_EXCEEDED)
    if isinstance(problem, grpc.aio.AioRpcError):
        return problem.code() in _PEER_OUT_OF_REACH
    return isinstance(problem, OSError | TimeoutError)
