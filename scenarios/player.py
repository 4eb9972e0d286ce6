"""Plays a shift: contacts ring, people do what the file says they do, and all that can be seen of it is watched.

Nothing is known to the player but what public calls answer, and nothing is done but by public calls. A call that finds
its service away is made again under the same idempotency key until the shift is over, as people do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import grpc
from opentelemetry import trace
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags, format_trace_id

from chassis import client
from chassis.clock import Clock
from chassis.contract import stamp
from chassis.identity import Role
from hotline.casework.v1 import casework_service_pb2 as casework
from scenarios import acts, news
from scenarios.crew import Crew, Desk, persist
from scenarios.judge import Judge
from scenarios.model import Contact, Report, Scenario, staff_id
from scenarios.perform import Scene, perform, possible
from scenarios.ring import Floor, ring
from scenarios.seen import Brought, Seen, happened, look

# Seconds between two looks at a contact, and how long nothing may change until the shift counts as over.
LOOK_EVERY = 0.5
QUIET = timedelta(seconds=3)

WATCHER = (str(UUID(int=1)), (Role.ADMIN, Role.SUPERVISOR, Role.DIRECTOR))
"""Who only looks, and may see everything."""

_ADMIN = (str(UUID(int=0)), (Role.ADMIN,))

Tell = Callable[[timedelta, str, str], None]
"""Told of everything that comes about: when in the shift, of which contact (or ""), and what, in one line."""


class WrongPackError(Exception):
    """The hotline keeps its promises by another pack than the one the scenario is written for."""


def _new_trace() -> Span:
    # Begun here and not by the first service, so that its id is known even where no spans are collected.
    ids = RandomIdGenerator()
    sampled = TraceFlags(TraceFlags.SAMPLED)
    context = SpanContext(ids.generate_trace_id(), ids.generate_span_id(), is_remote=False, trace_flags=sampled)
    return NonRecordingSpan(context)


@dataclass
class Run:
    """One contact as it is played: what it brought, what is seen of it, which acts are done, what went wrong."""

    contact: Contact
    brought: Brought | None = None
    seen: Seen = field(default_factory=Seen)
    looked_at: datetime | None = None
    done: set[int] = field(default_factory=set)
    trace: Span = field(default_factory=_new_trace)
    problems: list[str] = field(default_factory=list)
    _looked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def trace_id(self) -> str:
        """By which the whole way of the contact can be followed, from the first call to the last mail."""
        return format_trace_id(self.trace.get_span_context().trace_id)

    def saw(self, seen: Seen, at: datetime) -> None:
        """Take in a new look, and wake whoever waits for one."""
        self.seen, self.looked_at = seen, at
        self._looked.set()
        self._looked = asyncio.Event()

    async def next_look(self) -> None:
        """Wait until there is something new to be seen, perhaps."""
        await self._looked.wait()


class Play:
    """One play of a scenario. `pace` stretches every time of the file; the pack's clocks must be as much longer."""

    def __init__(
        self,
        scenario: Scenario,
        crew: Crew,
        *,
        play_id: UUID,
        clock: Clock,
        pace: int,
        pack: str,
        judge: Judge,
        tell: Tell,
    ) -> None:
        self.scenario = scenario
        self.runs = [Run(contact) for contact in scenario.contacts]
        self.clock = clock
        self.started_at = clock()
        self._crew = crew
        self._play_id = play_id
        self._pace = pace
        self._pack = pack
        self._judge = judge
        self._tell = tell
        self._names = {staff_id(slug): slug for slug in scenario.staff}
        self._changed_at = self.started_at
        self._over_now = asyncio.Event()

    @property
    def elapsed(self) -> timedelta:
        """How far the shift is."""
        return self.clock() - self.started_at

    @property
    def until(self) -> datetime:
        """The end of the shift."""
        return self._at(self.scenario.until)

    async def run(self) -> None:
        """Play to the end of the shift, or until all is as expected and nothing more can come."""
        watcher = await self._crew.desk(*WATCHER)
        admin = await self._crew.desk(*_ADMIN)
        await self._bring_staff(admin)
        self.started_at = self._changed_at = self.clock()
        await self._note_absences(admin)
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(self._contact(run, watcher)) for run in self.runs]
            await self._end()
            for part in parts:
                part.cancel()

    def differences(self, run: Run) -> list[str]:
        """What is not as the file expects it, of one contact, as far as it has been seen."""
        undone = [
            f"{act.who} could not {act.does}: it never came to {act.when}"
            for index, act in enumerate(run.contact.people)
            if index not in run.done
        ]
        return [*run.problems, *self._judge(self.scenario, run.contact, run.seen, self._names), *undone]

    async def _bring_staff(self, admin: Desk) -> None:
        for slug in self._superiors_first():
            person = self.scenario.staff[slug]
            staff = casework.Staff(
                staff_id=staff_id(slug),
                name=person.name,
                roles=person.roles,
                office=self.scenario.person_office(slug),
                supervisor_id=staff_id(person.supervisor) if person.supervisor else "",
                email=self.scenario.email_of(slug),
            )
            request = casework.RegisterStaffRequest(idempotency_key=self._key("staff", slug), staff=staff)
            await persist(admin.casework.RegisterStaff, request)

    def _superiors_first(self) -> list[str]:
        def depth(slug: str, below: tuple[str, ...] = ()) -> int:
            above = self.scenario.staff[slug].supervisor
            return 0 if above is None or above in below else 1 + depth(above, (*below, slug))

        return sorted(self.scenario.staff, key=depth)

    async def _note_absences(self, admin: Desk) -> None:
        for index, absence in enumerate(self.scenario.absences):
            away = casework.RecordAbsenceRequest(
                idempotency_key=self._key("absence", index),
                staff_id=staff_id(absence.who),
                starts_at=stamp(self._at(absence.since)),
                ends_at=stamp(self._at(absence.until) if absence.until else self.until),
            )
            await persist(admin.casework.RecordAbsence, away)

    async def _contact(self, run: Run, watcher: Desk) -> None:
        await self._reach(run.contact.at)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ring(run))
            group.create_task(self._watch(run, watcher))
            for index, act in enumerate(run.contact.people):
                group.create_task(self._act(run, index, act))

    async def _ring(self, run: Run) -> None:
        contact = run.contact
        taker = self.scenario.taker_of(contact)
        assert taker is not None  # the checker has seen to it
        self._say(run, f"rings: {contact.channel}{', ' if contact.about else ''}{contact.about}")
        floor = Floor(
            desk=await self._desk(taker),
            office=self.scenario.office_of(contact),
            key=self._key(contact.id),
            clock=self.clock,
            listen=self._listen,
            report_of=self._report_of,
        )
        try:
            with trace.use_span(run.trace):
                async for brought in ring(contact, self._at(contact.at), floor):
                    run.brought = brought
        except grpc.aio.AioRpcError as error:
            self._problem(run, f"{taker} could not take the contact: {_said(error)}")

    async def _listen(self, report: Report) -> None:
        await asyncio.sleep((report.takes * self._pace).total_seconds())

    async def _report_of(self, contact_id: str) -> str:
        earlier = next(run for run in self.runs if run.contact.id == contact_id)
        while earlier.brought is None or not earlier.brought.report_id:
            await earlier.next_look()
        return earlier.brought.report_id

    async def _watch(self, run: Run, watcher: Desk) -> None:
        while True:
            if run.brought is not None:
                try:
                    seen = await look(watcher, run.brought, run.seen)
                except grpc.aio.AioRpcError as error:
                    self._problem(run, f"cannot be seen: {_said(error)}")
                    return
                self._take_in(run, seen)
            slowly = 4 if run.brought and self._settled(run) else 1
            await asyncio.sleep(LOOK_EVERY * self._pace * slowly)

    def _take_in(self, run: Run, seen: Seen) -> None:
        for watched in seen.promises:
            if watched.promise.pack.id != self._pack:
                raise WrongPackError(
                    f"this hotline keeps its promises by pack {watched.promise.pack.id}, and the shift is written for "
                    f"{self._pack}: start the stack with HOTLINE_PACK={self._pack}"
                )
        for line in news.between(run.seen, seen, self._names):
            self._say(run, line)
        run.saw(seen, self.clock())
        if self._over():
            self._over_now.set()

    async def _act(self, run: Run, index: int, act: acts.Act) -> None:
        if act.when.what == "at":
            await self._reach(act.when.offset)
        while (who := self._able(run, act)) is None:
            await run.next_look()
        await asyncio.sleep((act.after * self._pace).total_seconds())
        scene = Scene(await self._desk(who), run.seen, self.clock(), self._key(run.contact.id, index), self._pace)
        refused = ""
        try:
            with trace.use_span(run.trace):
                await perform(act, scene)
            self._say(run, f"{who}: {act.does}")
        except grpc.aio.AioRpcError as error:
            refused = client.refusal_of(error).reason
            if refused != act.refused:
                self._problem(run, f"{who} could not {act.does}: {_said(error)}")
        if act.refused and not refused:
            self._problem(run, f"{who} could {act.does}, which was to be refused as {act.refused}")
        run.done.add(index)

    def _able(self, run: Run, act: acts.Act) -> str | None:
        """Who does the act, as soon as they can know that it is time for it."""
        who = self._names.get(run.seen.worker) if act.who == acts.ASSIGNED else act.who
        if who is None or not possible(act, run.seen):
            return None
        known = act.when.what == "at" or happened(act.when, run.seen, staff_id(who))
        return who if known else None

    async def _end(self) -> None:
        try:
            await asyncio.wait_for(self._over_now.wait(), (self.until - self.clock()).total_seconds())
        except TimeoutError:
            self._tell(self.elapsed, "", "the shift is at its end")

    def _over(self) -> bool:
        """Whether all is as expected, and every contact was looked at again a quiet moment after the last news."""
        quiet_at = self._changed_at + QUIET * self._pace
        return all(run.looked_at and run.looked_at >= quiet_at and self._settled(run) for run in self.runs)

    def _settled(self, run: Run) -> bool:
        """Whether the contact is as expected, and no alarm of it can ring before the end of the shift."""
        alarms = (watched.quiet_until for watched in run.seen.promises)
        return not self.differences(run) and all(alarm is None or alarm > self.until for alarm in alarms)

    def _problem(self, run: Run, problem: str) -> None:
        run.problems.append(problem)
        self._say(run, problem)

    def _say(self, run: Run, line: str) -> None:
        self._changed_at = self.clock()
        self._tell(self.elapsed, run.contact.id, line)

    async def _desk(self, slug: str) -> Desk:
        return await self._crew.desk(staff_id(slug), self.scenario.staff[slug].roles)

    def _at(self, offset: timedelta) -> datetime:
        return self.started_at + offset * self._pace

    async def _reach(self, offset: timedelta) -> None:
        await asyncio.sleep(max(0.0, (self._at(offset) - self.clock()).total_seconds()))

    def _key(self, *steps: object) -> str:
        return "/".join(map(str, (self._play_id, *steps)))


def _said(error: grpc.aio.AioRpcError) -> str:
    refusal = client.refusal_of(error)
    fields = "".join(f"; {path}: {problem}" for path, problem in refusal.fields.items())
    return f"{refusal.code} {refusal.reason}: {refusal.message}{fields}"
