"""One downtime book from start to end, in the order that leaves no trace of what fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import grpc

from chassis.client import refusal_of
from chassis.contract import stamp
from hotline.casework.v1.downtime_service_pb2 import RecordDowntimeBookRequest
from hotline.casework.v1.downtime_service_pb2_grpc import DowntimeServiceStub
from policy.errors import PolicyError
from policy.packs import Packs
from services.casework.downtime import shelf
from services.casework.downtime.book import TIMEOUT, read
from services.casework.downtime.page import page
from services.casework.downtime.shelf import BookNotWritten


class BookNotRecorded(Exception):
    """There is a new book, and casework does not know of it; the message says which, why, and what comes of that."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: a book in `folder`, readable with the `keys`; `keep` books stay there."""

    folder: Path
    keys: Path
    numbers: Path | None
    keep: int


async def write(casework: grpc.aio.Channel, order: Order, packs: Packs, pack: str, now: datetime) -> Path:
    """Write a book of what is owed `now`, and have casework know of it, whose figures tell how old the last one is.

    `BookNotWritten` says why there is none, and which one is the last; `BookNotRecorded` why nobody knows of this one.
    """
    keys, numbers = shelf.recipients(order.keys), shelf.numbers(order.numbers)
    if not order.folder.is_dir():
        raise BookNotWritten(f"{order.folder} is no folder: make it, on a disk that does not go down with the platform")
    try:
        book = await read(casework, now)
        made = page(book, packs.in_force(pack, now), numbers)
    except grpc.aio.AioRpcError as error:
        refusal = refusal_of(error)
        reason = f"casework did not answer ({refusal.code} {refusal.reason}): {refusal.message}"
        raise BookNotWritten(f"{reason}; {shelf.last(order.folder)}") from error
    except PolicyError as error:
        raise BookNotWritten(f"the pack {pack} cannot be used: {error}; {shelf.last(order.folder)}") from error
    written = shelf.put(order.folder, made, keys, now, order.keep)
    try:
        await DowntimeServiceStub(casework).RecordDowntimeBook(
            RecordDowntimeBookRequest(taken_at=stamp(now)), timeout=TIMEOUT
        )
    except grpc.aio.AioRpcError as error:
        reason = f"casework could not be told of it ({refusal_of(error).code}): its age will be that of the one before"
        raise BookNotRecorded(f"{written} is written, but {reason}; write another") from error
    return written
