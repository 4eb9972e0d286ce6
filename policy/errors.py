"""The one error of policy work: a code for machines, paths to where it is, and a sentence for people."""

from __future__ import annotations

from collections.abc import Iterable


class PolicyError(Exception):
    """Something in a pack, or in what was asked of it, is wrong; no decision and no due time comes of it.

    `code` is stable and in capitals; `paths` name the facts, files or entries concerned; `message` says what to
    do. It never carries a fact's value that could identify a person.
    """

    def __init__(self, code: str, paths: Iterable[str], message: str) -> None:
        self.code = code
        self.paths = tuple(paths)
        self.message = message
        super().__init__(f"{code}: {message} ({', '.join(self.paths)})" if self.paths else f"{code}: {message}")


class PackMissing(PolicyError):
    """No pack of this id, version or hash is held here."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__("PACK_MISSING", [what], message)


class PackNotInForce(PolicyError):
    """The pack exists, but none of its versions was in force at the time asked for."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__("PACK_NOT_IN_FORCE", [what], message)


class PackInvalid(PolicyError):
    """The files of a pack do not make a pack; `paths` name the file or entry."""

    def __init__(self, paths: Iterable[str], message: str) -> None:
        super().__init__("PACK_INVALID", paths, message)


class PackTampered(PolicyError):
    """A pack is not what was sealed or signed under its version."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__("PACK_TAMPERED", [what], message)


class ClockUndefined(PolicyError):
    """The pack has no due time for this kind, tier or presence of the owner; nothing is guessed."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__("CLOCK_UNDEFINED", [what], message)


class Refused(Exception):
    """A model's refusal: what was asked breaks one of its rules, and nothing has changed.

    `reason` is a code of the contracts' table of reasons; `field` the path of the value that is wrong, None if it is
    the state that does not allow it. The message never quotes a value: it is logged.
    """

    def __init__(self, reason: str, message: str, field: str | None = None) -> None:
        self.reason = reason
        self.message = message
        self.field = field
        super().__init__(f"{reason}: {field} {message}" if field else f"{reason}: {message}")
