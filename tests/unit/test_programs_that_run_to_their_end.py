"""Programs that the stack runs to their end."""

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local.processes import StackError
from deploy.local.programs import output_of


async def test_what_a_program_is_given_and_writes_passes_through() -> None:
    written = await output_of(
        sys.executable, "-c", "print(input().upper())", failing="it failed: ", given=b"every child is seen\n"
    )
    assert written == b"EVERY CHILD IS SEEN\n"


async def test_a_program_that_fails_says_why_whichever_way_it_writes() -> None:
    program = "import sys; print('half done'); sys.stdout.flush(); sys.exit('no room')"
    with pytest.raises(StackError) as failed:
        await output_of(sys.executable, "-c", program, failing="formatting failed:\n")
    assert str(failed.value) == "formatting failed:\nhalf done\nno room"


async def test_nothing_is_left_of_a_program_nobody_waits_for(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    os.mkfifo(told)
    program = f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    waiting = asyncio.create_task(output_of(sys.executable, "-c", program, failing=""))
    pid = int(await asyncio.to_thread(told.read_text))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not psutil.pid_exists(pid)
