"""The one error of the domain: a command that is refused, with a reason that programs can read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from policy.errors import Refused


class Code(StrEnum):
    """How a refusal is classed. The names are those of the gRPC status codes; the server maps one to the other."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class Reason(StrEnum):
    """The reasons the chassis itself gives; services add theirs. All are values of `hotline.type.v1.ErrorReason`."""

    INVALID_REQUEST = "INVALID_REQUEST"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    ROLE_NOT_ALLOWED = "ROLE_NOT_ALLOWED"
    NOT_FOUND = "NOT_FOUND"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    DEPENDENCY_UNAVAILABLE = "DEPENDENCY_UNAVAILABLE"
    DEADLINE_REQUIRED = "DEADLINE_REQUIRED"
    WRONG_STATE = "WRONG_STATE"
    CONFLICT = "CONFLICT"
    NOT_YET_KNOWN = "NOT_YET_KNOWN"
    INTERNAL = "INTERNAL"


class Refusal(Exception):
    """A command that will not be done.

    `reason` is a value of `hotline.type.v1.ErrorReason` without its prefix (it becomes `google.rpc.ErrorInfo.reason`),
    `fields` maps a field's path to what is wrong with it (`google.rpc.BadRequest`), `metadata` is for programs. None of
    them, nor the message, may carry personal data: errors are logged everywhere.
    """

    def __init__(
        self,
        code: Code,
        reason: str,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.code = code
        self.reason = str(reason)
        self.message = message
        self.fields = dict(fields or {})
        self.metadata = dict(metadata or {})


class NotYetKnown(Refusal):
    """A fact speaks of something whose own fact has not arrived yet. The consumer holds it and tries again."""

    def __init__(self, what: str, identifier: object) -> None:
        self.what = what
        super().__init__(
            Code.FAILED_PRECONDITION,
            Reason.NOT_YET_KNOWN,
            f"{what} {identifier} is not known yet",
            metadata={"what": what},
        )


def invalid(field: str, message: str, *, reason: str = Reason.INVALID_REQUEST) -> Refusal:
    """A value that cannot be accepted; `field` is its path in the request, e.g. `people[0].birth_year`."""
    return Refusal(Code.INVALID_ARGUMENT, reason, f"{field}: {message}", fields={field: message})


def not_found(what: str, identifier: object, *, reason: str = Reason.NOT_FOUND) -> Refusal:
    """Nothing of this kind has this identifier, or the caller may not know that it has."""
    return Refusal(Code.NOT_FOUND, reason, f"no {what} has the id {identifier}", metadata={"what": what})


def already_exists(reason: str, message: str, **metadata: str) -> Refusal:
    """What should be created is already there."""
    return Refusal(Code.ALREADY_EXISTS, reason, message, metadata=metadata)


def failed_precondition(reason: str, message: str, **metadata: str) -> Refusal:
    """The thing is not in a state in which this can be done; the caller must do something else first."""
    return Refusal(Code.FAILED_PRECONDITION, reason, message, metadata=metadata)


def permission_denied(reason: str, message: str, **metadata: str) -> Refusal:
    """The actor may not do this."""
    return Refusal(Code.PERMISSION_DENIED, reason, message, metadata=metadata)


def unauthenticated(message: str) -> Refusal:
    """Nobody we know makes this call; the message says what is wrong with the token, never what it holds."""
    return Refusal(Code.UNAUTHENTICATED, Reason.UNAUTHENTICATED, message)


def aborted(reason: str, message: str, **metadata: str) -> Refusal:
    """Another command came between; the same command may succeed when it is read afresh and tried again."""
    return Refusal(Code.ABORTED, reason, message, metadata=metadata)


def unavailable(reason: str, message: str, **metadata: str) -> Refusal:
    """Something this command needs is out of reach; nothing was done, and trying again later is right."""
    return Refusal(Code.UNAVAILABLE, reason, message, metadata=metadata)


def refused_by_model(refused: Refused) -> Refusal:
    """A model's refusal as an answer: a wrong value if it names a field, else a state that does not allow it."""
    if refused.field:
        return invalid(refused.field, refused.message, reason=refused.reason)
    return failed_precondition(refused.reason, refused.message)
