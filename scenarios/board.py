"""The board of a shift: a live table where there is a terminal, else plain lines; and what became of each contact."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from chassis.contract import instant
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from scenarios.judge import screening_of, tier_of
from scenarios.model import staff_id
from scenarios.player import Play, Run
from scenarios.seen import Seen, Watched
from scenarios.words import written

_NEWS = 8
_FRESH = 2  # pictures a second
_STYLES = {"MET": "green", "LATE": "red", "OVERDUE": "bold red", "HELD": "yellow", "VOID": "dim"}


class Board:
    """Hears everything that comes about in a shift (`tell`), and shows it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._news: deque[str] = deque(maxlen=_NEWS)

    def tell(self, elapsed: timedelta, contact: str, line: str) -> None:
        """Show one thing that came about, so far into the shift."""
        text = f"{written(elapsed):>6}  {contact or '-'}: {line}"
        self._news.append(text)
        if not self.console.is_terminal:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def showing(self, play: Play) -> Iterator[None]:
        """Keep the live table up while the shift plays; does nothing where there is no terminal."""
        if not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, get_renderable=lambda: self.picture(play), refresh_per_second=_FRESH):
            yield

    def picture(self, play: Play) -> Group:
        """The table as it stands, and the last news below it."""
        names = {staff_id(slug): slug for slug in play.scenario.staff}
        table = Table("contact", "reference", "decision", "worker", "promises", "mails", title=_title(play))
        for run in play.runs:
            if run.brought is not None:
                table.add_row(*_row(run, names, play.clock()))
        return Group(table, *(Text(line, style="dim", no_wrap=True) for line in self._news))

    def summary(self, play: Play) -> None:
        """Say for each contact what became of it."""
        names = {staff_id(slug): slug for slug in play.scenario.staff}
        for run in play.runs:
            for line in _became(run, names):
                self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _title(play: Play) -> str:
    return f"{play.scenario.name}: {written(play.elapsed)} of {written(play.until - play.started_at)}"


def _row(run: Run, names: Mapping[str, str], now: datetime) -> tuple[str | Text, ...]:
    seen = run.seen
    return (
        run.contact.id,
        run.brought.reference if run.brought else "",
        _decision(seen) or _outcome(seen),
        names.get(seen.worker, seen.worker),
        _promises(seen, now),
        str(_mails(seen)),
    )


def _promises(seen: Seen, now: datetime) -> Text:
    """Open promises in a line each; those that are closed, however many, in one: a terminal is not high."""
    verdicts = Counter(watched.fate for watched in seen.promises if watched.closed)
    closed = Text(", ").join(Text(f"{n} {fate}", style=_STYLES.get(fate, "")) for fate, n in verdicts.items())
    lines = [_countdown(watched, now) for watched in seen.promises if not watched.closed]
    return Text("\n").join([closed, *lines] if verdicts else lines)


def _countdown(watched: Watched, now: datetime) -> Text:
    """An open promise: how long until it is due, or past it, its state, and how far its ladder is climbed."""
    promise = watched.promise
    left = round((instant(promise.due_at) - now).total_seconds())
    sign, (minutes, seconds) = "-" if left < 0 else "", divmod(abs(left), 60)
    state = "" if watched.fate == "OPEN" else f" {watched.fate}"
    hours = f"{minutes // 60}:{minutes % 60:02}" if minutes >= 60 else str(minutes)
    line = f"{promise.kind} {sign}{hours}:{seconds:02}{state}{' @' if promise.rung else ''}{promise.rung}"
    return Text(line, style=_STYLES.get(watched.fate, ""))


def _became(run: Run, names: Mapping[str, str]) -> Iterator[str]:
    seen, brought = run.seen, run.brought
    parts = [run.contact.id, brought.reference if brought else "", _outcome(seen), _decision(seen)]
    if seen.worker:
        parts.append(f"worker {names.get(seen.worker, seen.worker)}")
    parts += [f"{_mails(seen)} mails", f"trace {run.trace_id}"]
    yield " · ".join(part for part in parts if part)
    for watched in seen.promises:
        due = instant(watched.promise.due_at).astimezone().isoformat(sep=" ", timespec="seconds")
        told = ", ".join(dict.fromkeys(f"{names.get(t.staff_id, t.staff_id)}@{t.rung}" for t in watched.told))
        yield f"    {watched.promise.kind} {watched.fate}, due {due}; told {told or 'nobody'}"


def _outcome(seen: Seen) -> str:
    if seen.contact is None or seen.contact.state != intake.CONTACT_STATE_CLOSED:
        return ""
    return intake.ContactOutcome.Name(seen.contact.outcome).removeprefix("CONTACT_OUTCOME_")


def _decision(seen: Seen) -> str:
    if seen.decision is None:
        return ""
    waits = "" if seen.decided else "?"
    return f"{screening_of(seen.decision)}{waits} {tier_of(seen.decision)}"


def _mails(seen: Seen) -> int:
    return sum(delivery.state == notifications.DELIVERY_STATE_SENT for delivery in seen.deliveries)
