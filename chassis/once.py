"""A mutating call: its effects in one transaction, once for its idempotency key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from google.protobuf.message import Message

from chassis.database import Database
from chassis.unit_of_work import UnitOfWork

# Every mutating request of the contracts carries a key that its caller chose.
_KEY = "idempotency_key"

Response = TypeVar("Response", bound=Message)


async def once(
    database: Database, request: Message, response: type[Response], act: Callable[[UnitOfWork], Awaitable[Response]]
) -> Response:
    """What `act` answers, committed with the answer itself; a repeated call gets that answer and changes nothing.

    The same key with another body is refused: ALREADY_EXISTS, reason IDEMPOTENCY_KEY_REUSED.
    """
    key: str = getattr(request, _KEY)
    async with database.transaction() as uow:
        stored = await uow.idempotent(key, request)
        if stored is not None:
            return response.FromString(stored)
        answer = await act(uow)
        await uow.remember(key, request, answer)
        return answer
