"""What a pack says about the people themselves: when they rest, when their absence shows, what is watched ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta

from policy.clocks import duration_from
from policy.ladders import BY_MAIL, Channel
from policy.packs import Pack


@dataclass(frozen=True, slots=True)
class Rest:
    """The rules of rest (R123): a shift that breaks one needs a recorded exception."""

    between_shifts: timedelta
    longest_shift: timedelta
    in_seven_days: timedelta


@dataclass(frozen=True, slots=True)
class Answering:
    """How many callers, in percent, speak to a person in office hours (R026): `over` a time, of so many calls."""

    percent: int
    over: timedelta
    of_at_least: int


@dataclass(frozen=True, slots=True)
class WorkforceRules:
    """`absence_shows_at`: local time on the second business day without a sign-in from which somebody counts as absent.

    `drill_ahead` and `coverage_ahead`: how long before a shift its ladders are tried, and its gaps are told.
    `sweeps`: by which channels, in order, people are told of what a sweep finds, where that is not by mail.
    """

    rest: Rest
    absence_shows_at: time
    drill_ahead: timedelta
    coverage_ahead: timedelta
    sweeps: Mapping[str, tuple[Channel, ...]]

    def how(self, sweep: str) -> tuple[Channel, ...]:
        """By which channels, in order, people are told of what this sweep finds."""
        return self.sweeps.get(sweep, BY_MAIL)


def workforce_rules(pack: Pack) -> WorkforceRules:
    """The pack's rules for the workforce."""
    document = pack.document["workforce"]
    return WorkforceRules(
        rest=Rest(**{name: duration_from(length) for name, length in document["rest"].items()}),
        absence_shows_at=time.fromisoformat(document["absence_shows_at"]),
        drill_ahead=duration_from(document["drill_ahead"]),
        coverage_ahead=duration_from(document["coverage_ahead"]),
        sweeps={
            sweep: tuple(Channel(code) for code in told["how"]) for sweep, told in document.get("sweeps", {}).items()
        },
    )


def answering_target(pack: Pack, office: str) -> Answering:
    """How an office must answer its callers: what it says itself wins over its county's word, that over the pack's."""
    own = pack.document.get("offices", {}).get(office, {})
    county = pack.document.get("counties", {}).get(own.get("county"), {})
    rule = pack.document["workforce"]["answering"] | county.get("answering", {}) | own.get("answering", {})
    return Answering(rule["percent"], duration_from(rule["over"]), rule["of_at_least"])
