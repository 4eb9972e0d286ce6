"""Reading and writing staff: who they are, where they are, and how they are reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chassis import errors
from chassis.unit_of_work import Row, UnitOfWork
from services.casework.model.presence import Absence, AbsenceKind, Place, Sign, Watch, Whereabouts
from services.casework.model.workforce import Candidate, Duties, Person, Workforce
from services.casework.store.statements import sql as _sql

WatchOf = Callable[[str], Watch]
"""How an office looks at presence, by the pack in force."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What somebody is licensed to do, until it expires."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff as registered: who they are, what they do, where, under whom, and how to reach them."""

    staff_id: UUID
    name: str = field(repr=False)
    email: str = field(repr=False)
    roles: tuple[str, ...]
    office: str
    supervisor_id: UUID | None
    specialties: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactMethod:
    """One address of somebody; `code` was sent there to prove that it reaches them, None once that is proven."""

    channel: str
    address: str = field(repr=False)
    code: str | None = field(repr=False)
    wrong: int
    verified_at: datetime | None


async def register(uow: UnitOfWork, staff: Staff) -> int:
    """Write a member of staff with their credentials; answers the version this made."""
    version: int = await uow.fetchval(
        _sql.register,
        staff.staff_id,
        staff.name,
        staff.email,
        sorted(staff.roles),
        staff.office,
        staff.supervisor_id,
        sorted(staff.specialties),
        sorted(staff.languages),
    )
    await uow.execute(_sql.drop_credentials, staff.staff_id)
    rows = [(staff.staff_id, credential.code, credential.expires_at) for credential in staff.credentials]
    if rows:
        await uow.execute_many(_sql.add_credential, rows)
    return version


async def staff(uow: UnitOfWork, staff_id: UUID) -> tuple[Staff, int]:
    """A member of staff, and the version."""
    row = await uow.fetchrow(_sql.read_staff, staff_id)
    if row is None:
        raise errors.not_found("member of staff", staff_id)
    held = await credentials(uow, [staff_id])
    return _staff(row, held), row["version"]


async def staff_listed(
    uow: UnitOfWork, office: str, role: str, specialty: str = "", language: str = ""
) -> list[tuple[Staff, int]]:
    """Staff of an office, role, specialty and language (empty: any), each with the number of open investigations."""
    rows = await uow.fetch(_sql.list_staff, office, role, specialty, language)
    held = await credentials(uow, [row["staff_id"] for row in rows])
    return [(_staff(row, held), row["load"]) for row in rows]


async def next_version(uow: UnitOfWork, staff_id: UUID) -> int:
    """The next version of a member of staff, whose row is held from here on."""
    version: int | None = await uow.fetchval(_sql.next_staff_version, staff_id)
    if version is None:
        raise errors.not_found("member of staff", staff_id)
    return version


async def enter_contact_method(uow: UnitOfWork, staff_id: UUID, channel: str, address: str, code: str) -> None:
    """Keep an address that somebody was registered with; a new one must be proven by `code`."""
    await uow.execute(_sql.enter_contact_method, staff_id, channel, address, code)


async def set_contact_method(uow: UnitOfWork, staff_id: UUID, channel: str, address: str, code: str) -> bool:
    """Whether `code` must prove the address: it is new, or was never proven. A proven one stays as it is."""
    return await uow.fetchval(_sql.set_contact_method, staff_id, channel, address, code) is not None


async def contact_methods(uow: UnitOfWork, staff_id: UUID) -> list[ContactMethod]:
    """Every address of somebody."""
    return [ContactMethod(**row) for row in await uow.fetch(_sql.contact_methods, staff_id)]


async def lock_contact_method(uow: UnitOfWork, staff_id: UUID, channel: str) -> ContactMethod:
    """One address of somebody, held until the transaction ends."""
    row = await uow.fetchrow(_sql.lock_contact_method, staff_id, channel)
    if row is None:
        raise errors.not_found("contact method", channel)
    return ContactMethod(**row)


async def verify_contact_method(uow: UnitOfWork, staff_id: UUID, channel: str, at: datetime) -> None:
    """The address is proven."""
    await uow.execute(_sql.verify_contact_method, staff_id, channel, at)


async def count_wrong_code(uow: UnitOfWork, staff_id: UUID, channel: str) -> None:
    """Somebody guessed wrong."""
    await uow.execute(_sql.count_wrong_code, staff_id, channel)


async def add_absence(uow: UnitOfWork, absence_id: UUID, staff_id: UUID, absence: Absence, by: str) -> None:
    """Record an absence."""
    await uow.execute(
        _sql.record_absence, absence_id, staff_id, absence.starts_at, absence.ends_at, by, absence.kind.value
    )


async def sign(uow: UnitOfWork, staff_id: UUID, sign: Sign) -> None:
    """Record where somebody says they are. Whoever is back, is back: absences end with it."""
    await uow.execute(_sql.sign, staff_id, sign.at, sign.place.value)
    if sign.place is not Place.OUT:
        await uow.execute(_sql.end_absences, staff_id, sign.at)


async def whereabouts(uow: UnitOfWork, staff_id: UUID, at: datetime) -> Whereabouts:
    """What is known of where somebody is at an instant; of several absences, the one that ends last."""
    row = await uow.fetchrow(_sql.whereabouts_of, staff_id, at)
    return _whereabouts(row) if row else Whereabouts()


async def absences_between(
    uow: UnitOfWork, people: Iterable[str], start: datetime, end: datetime
) -> list[tuple[datetime, datetime, str]]:
    """Recorded absences of some people in a stretch of time: from, until, person."""
    rows = await uow.fetch(_sql.absences_between, [UUID(person) for person in people], start, end)
    return [(row["starts_at"], row["ends_at"], str(row["staff_id"])) for row in rows]


async def workforce(
    uow: UnitOfWork, person: str | None, offices: Iterable[str], at: datetime, watch_of: WatchOf, duties: Duties
) -> Workforce:
    """The people a rung can mean at an instant: the person and all above, the offices' staff, every director."""
    on_duty = {UUID(staff_id) for people in duties.values() for staff_id in people}
    rows = await uow.fetch(_sql.around, UUID(person) if person else None, sorted(offices), at, list(on_duty))
    return Workforce(
        (
            Person(
                staff_id=str(row["staff_id"]),
                roles=frozenset(row["roles"]),
                office=row["office"],
                supervisor_id=str(row["supervisor_id"]) if row["supervisor_id"] else None,
                absent=watch_of(row["office"]).why_absent(_whereabouts(row), at),
                reachable=row["reachable"],
            )
            for row in rows
        ),
        duties,
    )


async def candidates(uow: UnitOfWork, office: str, at: datetime, watch: Watch) -> list[Candidate]:
    """The present investigators of an office with their load; other assignments there wait for this transaction.

    Whoever holds an expired credential is no candidate.
    """
    await uow.execute(_sql.lock_assignment, office)
    rows = await uow.fetch(_sql.candidates, office, at)
    return [Candidate(str(row["staff_id"]), row["load"]) for row in rows if not watch.why_absent(_whereabouts(row), at)]


async def offices(uow: UnitOfWork) -> list[str]:
    """Every office with staff."""
    return [row["office"] for row in await uow.fetch(_sql.offices)]


async def credentials(uow: UnitOfWork, people: list[UUID]) -> Mapping[UUID, tuple[Credential, ...]]:
    """What each of some people is licensed to do."""
    held: dict[UUID, tuple[Credential, ...]] = {}
    for row in await uow.fetch(_sql.credentials, people):
        credential = Credential(row["code"], row["expires_at"])
        held[row["staff_id"]] = (*held.get(row["staff_id"], ()), credential)
    return held


def _staff(row: Row, held: Mapping[UUID, tuple[Credential, ...]]) -> Staff:
    return Staff(
        staff_id=row["staff_id"],
        name=row["name"],
        email=row["email"],
        roles=tuple(row["roles"]),
        office=row["office"],
        supervisor_id=row["supervisor_id"],
        specialties=tuple(row["specialties"]),
        languages=tuple(row["languages"]),
        credentials=held.get(row["staff_id"], ()),
    )


def _whereabouts(row: Row) -> Whereabouts:
    absence = Absence(row["starts_at"], row["ends_at"], AbsenceKind(row["kind"])) if row["starts_at"] else None
    return Whereabouts(absence, Sign(Place(row["place"]), row["signed_at"]) if row["place"] else None)
