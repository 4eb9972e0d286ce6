"""The downtime book as one page of HTML: prints on A4, loads nothing, runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template

from chassis.contract import instant, word
from hotline.casework.v1 import promise_pb2 as ledger
from hotline.casework.v1 import workforce_service_pb2 as workforce
from hotline.type.v1 import type_pb2
from policy.packs import Pack
from services.casework.downtime.book import Book, Office, OnDuty

BLANK_LINES = 10
"""Lines of each office for the calls that come while the platform is away."""

_PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
_OWED = ("due", "what", "reference", "tier", "state", "owner", "told next", "done at, by whom", "outcome")


def page(book: Book, pack: Pack, numbers: Mapping[str, str]) -> str:
    """The book for people to read. Times are those of each office, by its calendar in `pack`.

    `numbers`: whom to call by name, as the site gives them; the pack's last resort comes after them.
    """
    called = [*numbers.items(), ("Last resort of the rules in force", pack.last_resort)]
    return _PAGE.substitute(
        taken_at=_when(book.taken_at, pack.calendar().local),
        count=book.promises,
        numbers="\n".join(_row(line) for line in called),
        offices="\n".join(_Section(book, pack, office).made() for office in book.offices),
    )


class _Section:
    """One office's part of the book."""

    def __init__(self, book: Book, pack: Pack, office: Office) -> None:
        self._book, self._office = book, office
        self._local = pack.calendar(office.name).local

    def made(self) -> str:
        office = self._office
        blank = [("",) * len(_OWED)] * BLANK_LINES
        owed = [_row(self._owed(promise), "late" if self._is_late(promise) else "owed") for promise in office.promises]
        return "\n".join(
            (
                f'<section class="office"><h2>{escape(office.name)}</h2>',
                f"<h3>Owed: {len(office.promises)}, by due time</h3>",
                _table(_OWED, [*owed, *map(_row, blank)]),
                "<h3>On duty at the time of this book</h3>",
                _table(("role", "who", "why"), (_row(self._on_duty(on)) for on in office.on_duty)),
                "<h3>Duties of the next 24 hours</h3>",
                _table(("from", "until", "role", "who"), (_row(self._duty(duty)) for duty in office.duties)),
                "<h3>Everybody of this office</h3>",
                _table(("who", "roles", "above them"), (_row(self._member(one.staff_id)) for one in office.staff)),
                "</section>",
            )
        )

    def _owed(self, promise: ledger.Promise) -> Sequence[str]:
        ahead = [rung for rung in promise.rungs if instant(rung.at) > self._book.taken_at]
        told_next = f"{ahead[0].who} at {_when(instant(ahead[0].at), self._local)}" if ahead else ""
        due = _when(instant(promise.due_at), self._local) + (" LATE" if self._is_late(promise) else "")
        what = promise.kind.replace("_", " ") + self._safe(promise)
        owner = self._reached(promise.owner.staff_id) if promise.owner.staff_id else promise.owner.queue
        tier = word(type_pb2.Tier, promise.tier) if promise.tier else ""
        state = word(ledger.PromiseState, promise.clock.state)
        return (due, what, promise.reference, tier, state, owner, told_next, "", "")

    def _safe(self, promise: ledger.Promise) -> str:
        """When it is safe to call, where a caller said so: calling at another time may put a child at risk."""
        since = _when(instant(promise.safe_from), self._local) if promise.HasField("safe_from") else ""
        until = _when(instant(promise.safe_until), self._local) if promise.HasField("safe_until") else ""
        parts = [f"from {since}"] * bool(since) + [f"until {until}"] * bool(until)
        return f" · SAFE TO CALL ONLY {' '.join(parts)}" if parts else ""

    def _is_late(self, promise: ledger.Promise) -> bool:
        return instant(promise.due_at) <= self._book.taken_at

    def _on_duty(self, on: OnDuty) -> Sequence[str]:
        return (on.role, "; ".join(map(self._reached, on.staff_ids)) or "NOBODY", on.why)

    def _duty(self, duty: workforce.Duty) -> Sequence[str]:
        begins, ends = (_when(instant(at), self._local) for at in (duty.starts_at, duty.ends_at))
        return (begins, ends, duty.role + (" (on call)" if duty.on_call else ""), self._reached(duty.staff_id))

    def _member(self, staff_id: str) -> Sequence[str]:
        staff = self._book.people[staff_id].staff
        above = self._reached(staff.supervisor_id) if staff.supervisor_id else ""
        return (self._reached(staff_id), ", ".join(staff.roles), above)

    def _reached(self, staff_id: str) -> str:
        person = self._book.people.get(staff_id)
        if person is None:
            return staff_id  # somebody who is not on the staff any more still owes it
        return ", ".join((person.staff.name, *person.reached_at))


def _when(at: datetime, local: Callable[[datetime], datetime]) -> str:
    return f"{local(at):%a %Y-%m-%d %H:%M %z}"


def _table(columns: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"


def _row(cells: Sequence[str], kind: str = "") -> str:
    filled = "".join(f"<td>{escape(cell)}</td>" if cell else '<td class="write">&nbsp;</td>' for cell in cells)
    return f'<tr class="{kind}">{filled}</tr>'
