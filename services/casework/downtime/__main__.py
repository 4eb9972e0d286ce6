"""`python -m services.casework.downtime`: write one downtime book; run it every hour. Exit code 1 if there is none,
or nobody knows of it."""

import asyncio
import sys
from pathlib import Path

from chassis.client import connect
from chassis.clock import system_clock
from chassis.identity import token_from_file
from chassis.settings import MissingSetting
from chassis.tls import TlsFilesUnusable
from policy.errors import PolicyError
from services.casework.downtime.settings import DowntimeSettings
from services.casework.downtime.shelf import BookNotWritten
from services.casework.downtime.writing import BookNotRecorded, Order, write


async def _write(settings: DowntimeSettings) -> Path:
    order = Order(
        folder=Path(settings.need("downtime_folder")),
        keys=Path(settings.need("downtime_keys")),
        numbers=settings.downtime_numbers,
        keep=settings.downtime_keep,
    )
    token = token_from_file(Path(settings.need("token_file")))
    async with connect(settings.need("casework_address"), token) as casework:
        return await write(casework, order, settings.held_packs(), settings.pack, system_clock())


def main() -> int:
    """Write a book as the environment says; answers the exit code."""
    try:
        book = asyncio.run(_write(DowntimeSettings()))
    except (BookNotWritten, MissingSetting, PolicyError, TlsFilesUnusable) as problem:
        sys.stderr.write(f"no downtime book was written: {problem}\n")
        return 1
    except BookNotRecorded as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    sys.stdout.write(f"{book}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
