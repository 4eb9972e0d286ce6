"""What people are to learn before they decide by a version of a pack, and who has yet to say that they did (R110)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from policy.packs import Pack, PackRef


@dataclass(frozen=True, slots=True)
class Notice:
    """The training notice of one version of a pack, and the roles it is for."""

    pack: PackRef
    effective_from: datetime
    text: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody says that they have read a notice."""

    staff_id: str
    acknowledged_at: datetime


@dataclass(frozen=True, slots=True)
class Learner:
    """Whose acknowledgement is open. Without roles: not on the staff that triage knows, but has decided."""

    staff_id: str
    roles: tuple[str, ...]
    office: str
    decided_since: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a notice has come."""

    notice: Notice
    acknowledgements: Sequence[Acknowledgement]
    open: Sequence[Learner]


def notice_of(pack: Pack) -> Notice:
    """The notice that a version carries."""
    training = pack.document["training"]
    return Notice(pack.ref, pack.effective_from, training["notice"], tuple(training["roles"]))


def still_to_be_learned(versions: Sequence[Pack], now: datetime) -> list[Pack]:
    """The version in force and those to come; `versions` are of one pack, oldest first."""
    in_force = [pack for pack in versions if pack.effective_from <= now][-1:]
    to_come = [pack for pack in versions if pack.effective_from > now]
    return [pack for pack in (*in_force, *to_come) if pack.effective_to is None or now < pack.effective_to]
