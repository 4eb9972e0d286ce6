"""Programs that run to their end, and what they say when they fail."""

import asyncio
from typing import Any

from deploy.local.processes import StackError


async def output_of(*command: str, failing: str, given: bytes | None = None, **how: Any) -> bytes:
    """Run a program, with `given` as its standard input; its standard output.

    A StackError says `failing`, and after that what the program wrote. Nothing of it is left when nobody waits for it
    any more. `how`: its environment, folder and user, as `create_subprocess_exec` takes them.
    """
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        **how,
    )
    try:
        output, problems = await child.communicate(given)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise StackError(failing + (output + problems).decode(errors="replace").strip())
    return output
