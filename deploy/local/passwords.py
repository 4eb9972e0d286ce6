"""Passwords made on this machine at first use, one file each, readable by their owner alone."""

import os
import secrets
from pathlib import Path


def password(home: Path, name: str) -> str:
    """Return the password called `name` of the stack in `home`; make it if there is none."""
    path = home / "secrets" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        # The file appears whole or not at all: an empty password must never be read by a second process.
        draft = path.with_name(f".{name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    return path.read_text()
