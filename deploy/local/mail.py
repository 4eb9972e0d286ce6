"""A real SMTP server for one machine: it delivers to nobody and keeps every mail as a file in a Maildir.

Run as `python -m deploy.local.mail HOST PORT FOLDER`.
"""

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

from deploy.local import checks
from deploy.local.processes import Process
from deploy.local.settings import HOST, PYTHON, StackSettings


def process(settings: StackSettings) -> Process:
    """The mail server of the stack, keeping its mails under `settings.mail`."""
    port = settings.port("mail")
    return Process(
        name="mail",
        argv=(PYTHON, "-m", "deploy.local.mail", HOST, str(port), str(settings.mail)),
        log=settings.log("mail"),
        address=settings.address("mail"),
        ports=(port,),
        ready=partial(checks.smtp, settings.address("mail")),
    )


async def serve(host: str, port: int, folder: Path) -> None:
    """Accept mail until SIGTERM or SIGINT. A mail is acknowledged once it is on the disk."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    keep = Mailbox(folder)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: SMTP(keep, hostname="hotline.invalid", enable_SMTPUTF8=True, loop=loop), host, port
    )
    async with server:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
