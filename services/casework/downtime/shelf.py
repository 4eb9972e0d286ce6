"""Where downtime books lie: each encrypted to the keys of those who may read it, whole or not there, the last few kept.

The format is age (age-encryption.org/v1), because whoever needs a book has no platform: `age --decrypt` reads it on any
machine. This process knows public keys alone, so that it cannot read what it has written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pyrage
import yaml

_NAME = "downtime-book-{:%Y%m%dT%H%M%SZ}.html.age"
_BOOKS = "downtime-book-*.html.age"
_PRIVATE = "AGE-SECRET-KEY-"

Recipient: TypeAlias = Any
"""A public key as pyrage has it; the package says nothing of its types."""


class BookNotWritten(Exception):
    """There is no new book; the message says why and what to do. The last good one stays where it is."""


def recipients(file: Path) -> Sequence[Recipient]:
    """The public keys in a file, one a line (`age1...` or `ssh-ed25519 ...`); lines that begin with # are notes."""
    lines = [line.strip() for line in _text(file).splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    if any(key.startswith(_PRIVATE) for key in keys):
        raise BookNotWritten(
            f"{file} holds a private key, which has no place on this machine: give the public one (`age-keygen -y`)"
        )
    if not keys:
        raise BookNotWritten(f"{file} holds no public key: nobody could read the book")
    return [_recipient(key, file) for key in keys]


def _recipient(key: str, file: Path) -> Recipient:
    kind = pyrage.ssh if key.startswith("ssh-") else pyrage.x25519
    try:
        made: Recipient = kind.Recipient.from_str(key)
    except pyrage.RecipientError as problem:
        raise BookNotWritten(
            f"{file}: not a public key of age or ssh ({problem}): make a pair with `age-keygen`"
        ) from None
    return made


def numbers(file: Path | None) -> Mapping[str, str]:
    """The site's emergency numbers: a YAML file of `name: number`; none without a file."""
    if file is None:
        return {}
    try:
        found = yaml.load(_text(file), yaml.BaseLoader)  # noqa: S506 - the safest loader: everything is text
    except yaml.YAMLError as problem:
        raise BookNotWritten(f"{file} cannot be read as YAML: {problem}") from None
    if not isinstance(found, dict) or not all(isinstance(number, str) and number for number in found.values()):
        raise BookNotWritten(f"{file} must hold lines of `name: number`")
    return found


def put(folder: Path, page: str, keys: Sequence[Recipient], taken_at: datetime, keep: int) -> Path:
    """Encrypt a page and put it on the shelf; then remove all but the newest `keep` books. Answers where it is."""
    sealed = pyrage.encrypt(page.encode(), list(keys))
    book = folder / _NAME.format(taken_at)
    aside = folder / f".{book.name}.{os.getpid()}"
    try:
        _write(aside, sealed)
        aside.replace(book)
        _flush(folder)
        for old in sorted(folder.glob(_BOOKS))[:-keep]:
            old.unlink(missing_ok=True)
    except OSError as problem:
        raise BookNotWritten(f"{folder} cannot be written ({problem.strerror}): {last(folder)}") from problem
    finally:
        aside.unlink(missing_ok=True)
    return book


def _write(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    # A rename is safe from a power cut only when the folder itself is on the disk.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def last(folder: Path) -> str:
    """Which book is the newest there, in words for an error."""
    books = sorted(folder.glob(_BOOKS)) if folder.is_dir() else []
    return f"the last good book is {books[-1]}" if books else f"there is no book in {folder} yet"


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BookNotWritten(f"{file} cannot be read: {problem}") from None
