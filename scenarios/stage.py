"""Puts a scenario on a running hotline: plays it under a board, then compares what came of it with what must."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import uuid_utils.compat as uuid_utils

from chassis.clock import system_clock
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from scenarios import mail
from scenarios.board import Board
from scenarios.crew import Crew, Hotline, persist
from scenarios.judge import Judge
from scenarios.model import Scenario
from scenarios.player import WATCHER, Play

PACES: Mapping[int, str] = {1: "", 3: "-slow"}
"""How many times as long a shift may take, and what the pack with clocks as long is called after the scenario's own."""

_ALL = 10_000


@dataclass(frozen=True)
class Result:
    """What came of a play: the differences of each contact, by its id, and those of no contact under ""."""

    differences: Mapping[str, tuple[str, ...]]

    @property
    def contacts(self) -> int:
        """How many contacts were played."""
        return sum(contact != "" for contact in self.differences)

    @property
    def as_expected(self) -> int:
        """How many of them came out as expected."""
        return sum(contact != "" and not lines for contact, lines in self.differences.items())

    @property
    def holds(self) -> bool:
        """Whether every expectation held."""
        return not any(self.differences.values())

    def lines(self) -> list[str]:
        """Each difference in one line, then how many contacts came out as expected."""
        told = [f"{contact or 'shift'}: {line}" for contact, lines in self.differences.items() for line in lines]
        return [*told, f"{self.contacts} contacts, {self.as_expected} as expected"]


async def stage(scenario: Scenario, hotline: Hotline, board: Board, *, judge: Judge, pace: int = 1) -> Result:
    """Play a scenario on a hotline whose pack is `pack_for(scenario, pace)`, and judge it."""
    async with Crew(hotline) as crew:
        play = Play(
            scenario,
            crew,
            play_id=uuid_utils.uuid7(),
            clock=system_clock,
            pace=pace,
            pack=pack_for(scenario, pace),
            judge=judge,
            tell=board.tell,
        )
        before = mail.arrived(hotline.mail) if hotline.mail else Counter[str]()
        with board.showing(play):
            await play.run()
        board.summary(play)
        differences = {run.contact.id: tuple(play.differences(run)) for run in play.runs}
        return Result(differences | {"": await _mails(play, crew, hotline, before)})


def pack_for(scenario: Scenario, pace: int) -> str:
    """The id of the pack by which a hotline must keep its promises for this play."""
    return scenario.pack + PACES[pace]


async def _mails(play: Play, crew: Crew, hotline: Hotline, before: Counter[str]) -> tuple[str, ...]:
    """Differences between the mails that arrived and those the platform says it sent."""
    if hotline.mail is None:
        return ()
    came = mail.arrived(hotline.mail) - before
    desk = await crew.desk(*WATCHER)
    known = await persist(desk.notifications.ListDeliveries, notifications.ListDeliveriesRequest(limit=_ALL))
    ours = [delivery for run in play.runs for delivery in run.seen.deliveries]
    return tuple(mail.differences(came, ours, {delivery.message_id for delivery in known.deliveries}))
