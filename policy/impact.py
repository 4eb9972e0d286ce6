"""Impact: what another pack would have made of recorded decisions, for whom, before anybody puts it in force (R109).

A response is what a family would see: the tier of a report that is screened in, or SCREEN_OUT. Everything here is a
count and adds up, so that parts may be counted apart and absorbed by one another in any order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from policy.intervals import proportion_interval
from policy.packs import Pack, PackRef
from policy.replay import Recorded
from policy.screening import Decision, ScreeningError, screen

SCREEN_OUT = "SCREEN_OUT"
REFUSED = "REFUSED"
"""The other pack cannot screen these facts at all; the report would wait for a person."""
NOT_RECORDED = "not recorded"
DIMENSIONS = ("county", "channel", "language", "reporter")
"""By what a change is shown, so that a rule that strikes one group is seen before it does. A county is its office's."""
_EXAMPLES = 3


class Effect(StrEnum):
    """What is counted of each decision, in all and in each group."""

    DECISIONS = "decisions"
    CHANGED = "changed"
    MORE_URGENT = "more_urgent"
    LESS_URGENT = "less_urgent"
    SCREENED_IN_BEFORE = "screened_in_before"
    SCREENED_IN_AFTER = "screened_in_after"
    CONTACTS_ADDED = "contacts_added"
    CONTACTS_SAVED = "contacts_saved"
    CONTACTS_SOONER = "contacts_sooner"
    CONTACTS_LATER = "contacts_later"


class Part(StrEnum):
    """A part of a decision that somebody acts upon; the lines and sentences by which it was reached are not."""

    SCREENING = "screening"
    TIER = "tier"
    DUE = "due"
    TASKS = "tasks"
    CROSS_REPORTS = "cross_reports"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """A decision that the other pack would have made differently, and in which parts."""

    report_id: str
    before: str
    after: str
    parts: tuple[Part, ...]

    def as_json(self) -> dict[str, Any]:
        """The change as JSON holds it."""
        return {"report_id": self.report_id, "before": self.before, "after": self.after, "parts": list(self.parts)}


@dataclass(slots=True)
class Impact:
    """The counts over all decisions compared so far.

    `moves` counts decisions by (response before, response after), `examples` holds a few reports of each move that is
    one; `parts` counts what changed, `refusals` why the other pack refused, `groups` the effects by dimension, value.
    """

    after: PackRef
    responses: tuple[str, ...]
    before: Counter[PackRef] = field(default_factory=Counter)
    effects: Counter[Effect] = field(default_factory=Counter)
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    parts: Counter[Part] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    groups: dict[str, dict[str, Counter[Effect]]] = field(
        default_factory=lambda: {dimension: defaultdict(Counter) for dimension in DIMENSIONS}
    )

    @classmethod
    def of(cls, pack: Pack) -> Impact:
        """Nothing compared yet, with this other pack; its tiers give the order of the responses."""
        return cls(pack.ref, (*pack.document["tiers"], SCREEN_OUT, REFUSED))

    def compare(self, item: Recorded, made_by: Pack, before: Decision, other: Pack) -> Change | None:
        """Count what `other` makes of a decision that `made_by` made; the change, None if nobody would notice one."""
        after = _screened(other, item)
        change = _change(item.report_id, before, after)
        move = (response(before), response(after))
        effects = Counter(self._effects(before, after, move, change is not None))
        self.before[made_by.ref] += 1
        self.effects += effects
        self.moves[move] += 1
        self.parts.update(change.parts if change else ())
        if isinstance(after, ScreeningError):
            self.refusals[after.code] += 1
        if move[0] != move[1]:
            self._keep_example(move, item.report_id)
        for dimension, value in _groups(item, made_by).items():
            self.groups[dimension][value] += effects
        return change

    def absorb(self, other: Impact) -> None:
        """Add what was counted apart, with the same pack."""
        assert self.after == other.after
        self.before += other.before
        self.effects += other.effects
        self.moves += other.moves
        self.parts += other.parts
        self.refusals += other.refusals
        for move, reports in other.examples.items():
            for report in reports:
                self._keep_example(move, report)
        for dimension, values in other.groups.items():
            for value, effects in values.items():
                self.groups[dimension][value] += effects

    def values(self, dimension: str) -> list[tuple[str, Counter[Effect]]]:
        """The groups of a dimension, the largest first."""
        return sorted(self.groups[dimension].items(), key=lambda group: (-group[1][Effect.DECISIONS], group[0]))

    def rows(self) -> tuple[str, ...]:
        """The responses that occur before or after, most urgent first."""
        return tuple(name for name in self._ordered() if any(name in move for move in self.moves))

    def as_json(self) -> dict[str, Any]:
        """All counts as JSON holds them."""
        return {
            "pack": _ref(self.after),
            "recorded_under": [
                {**_ref(ref), "decisions": count} for ref, count in sorted(self.before.items(), key=str)
            ],
            "effects": counted(self.effects),
            "changed_parts": {part: self.parts[part] for part in Part},
            "refusals": dict(sorted(self.refusals.items())),
            "moves": [
                {
                    "before": before,
                    "after": after,
                    "decisions": count,
                    "examples": self.examples.get((before, after), []),
                }
                for (before, after), count in sorted(self.moves.items())
            ],
            "groups": {
                dimension: [{"value": value, **counted(effects)} for value, effects in self.values(dimension)]
                for dimension in DIMENSIONS
            },
        }

    def _keep_example(self, move: tuple[str, str], report_id: str) -> None:
        kept = self.examples.setdefault(move, [])
        if len(kept) < _EXAMPLES:
            kept.append(report_id)

    def _ordered(self) -> Sequence[str]:
        # A tier that only the recorded pack knows still has its row.
        seen = {name for move in self.moves for name in move}
        return (*sorted(seen - set(self.responses)), *self.responses)

    def _effects(
        self, before: Decision, after: Decision | ScreeningError, move: tuple[str, str], changed: bool
    ) -> dict[Effect, int]:
        ranks = {name: rank for rank, name in enumerate(self.responses)}
        one, other = ranks.get(move[0]), ranks.get(move[1])
        ranked = one is not None and other is not None and REFUSED not in move
        contact, again = _first_contact(before), _first_contact(after)
        held = {
            Effect.DECISIONS: True,
            Effect.CHANGED: changed,
            Effect.MORE_URGENT: ranked and (other or 0) < (one or 0),
            Effect.LESS_URGENT: ranked and (one or 0) < (other or 0),
            Effect.SCREENED_IN_BEFORE: _screened_in(before),
            Effect.SCREENED_IN_AFTER: _screened_in(after),
            Effect.CONTACTS_ADDED: contact is None and again is not None,
            Effect.CONTACTS_SAVED: contact is not None and again is None,
            Effect.CONTACTS_SOONER: contact is not None and again is not None and again < contact,
            Effect.CONTACTS_LATER: contact is not None and again is not None and contact < again,
        }
        return {effect: 1 for effect, holds in held.items() if holds}


def response(made: Decision | ScreeningError) -> str:
    """What a family would see of a decision."""
    if isinstance(made, ScreeningError):
        return REFUSED
    return (made.tier or "no tier") if _screened_in(made) else SCREEN_OUT


def counted(effects: Mapping[Effect, int]) -> dict[str, Any]:
    """Every effect by its name, with the share of changed decisions and its 95 % interval, in per cent."""
    total, changed = effects.get(Effect.DECISIONS, 0), effects.get(Effect.CHANGED, 0)
    within = proportion_interval(changed, total)
    return {
        **{effect.value: effects.get(effect, 0) for effect in Effect},
        "changed_percent": percent(changed, total),
        "changed_percent_interval": [round(100 * within.low, 2), round(100 * within.high, 2)],
    }


def percent(count: int, total: int) -> float:
    """A share in per cent, to two places; 0 of nothing."""
    return round(100 * count / total, 2) if total else 0.0


def _screened(pack: Pack, item: Recorded) -> Decision | ScreeningError:
    try:
        return screen(pack, item.facts)
    except ScreeningError as error:
        return error


def _change(report_id: str, before: Decision, after: Decision | ScreeningError) -> Change | None:
    if isinstance(after, ScreeningError):
        return Change(report_id, response(before), REFUSED, (Part.REFUSED,))
    differs = {
        Part.SCREENING: (before.screening, before.reason) != (after.screening, after.reason),
        Part.TIER: before.tier != after.tier,
        Part.DUE: before.due != after.due,
        Part.TASKS: before.tasks != after.tasks,
        Part.CROSS_REPORTS: before.cross_reports != after.cross_reports,
    }
    parts = tuple(part for part, changed in differs.items() if changed)
    return Change(report_id, response(before), response(after), parts) if parts else None


def _groups(item: Recorded, made_by: Pack) -> dict[str, str]:
    office = made_by.document.get("offices", {}).get(item.office, {})
    return {
        "county": item.county or office.get("county") or item.office or NOT_RECORDED,
        "channel": item.channel or NOT_RECORDED,
        "language": item.language or NOT_RECORDED,
        "reporter": item.reporter or NOT_RECORDED,
    }


def _screened_in(made: Decision | ScreeningError) -> bool:
    return isinstance(made, Decision) and made.screening == "SCREEN_IN"


def _first_contact(made: Decision | ScreeningError) -> datetime | None:
    return made.due.get("FIRST_CONTACT") if isinstance(made, Decision) else None


def _ref(ref: PackRef) -> dict[str, str]:
    return {"id": ref.id, "version": ref.version, "sha256": ref.sha256}
