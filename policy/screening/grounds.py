"""What a rule rests on: the facts without which it would not hold, so that people are told these alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policy.screening.rules import Condition, Fact, Kept, Named, Value


@dataclass(frozen=True, slots=True)
class Read:
    """A name that a condition reads, itself or through what is derived: its telling values, and the calm one.

    `fact` is the fact it stands for; None for what is ticked, told of any child or matched.
    """

    name: str
    values: tuple[Value, ...]
    calm: Value
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class Resting:
    """On what a condition rests where certain values hold: facts in words, their ids, and names of other things.

    `others` are what is ticked, told of any child or matched; `absent` those of them whose absence it rests on.
    """

    said: tuple[str, ...]
    facts: frozenset[str]
    others: tuple[str, ...]
    absent: tuple[str, ...]


class Grounds:
    """The grounds of one condition, found once for each combination of the values it reads.

    A name is among them if another value of it alone would turn the condition. Where there are more reasons than it
    takes, none of these decides alone: then each is among them that suffices beside the deciding ones.
    """

    def __init__(self, condition: Condition, derived: tuple[Named, ...], reads: tuple[Read, ...]) -> None:
        self._condition = condition
        self._derived = derived
        self._reads = reads
        self._found = Kept([read.name for read in reads], self._resting)

    def of(self, values: Mapping[str, Value]) -> Resting:
        """The grounds where these are the values, before anything is derived from them."""
        return self._found.of(values)

    def _resting(self, values: dict[str, Value]) -> Resting:
        among = self._deciding(values)
        facts = {read.fact.id: read.fact for read in among if read.fact}
        others = [read.name for read in among if not read.fact]
        return Resting(
            said=tuple(f"{name} {fact.said(values[name])}" for name, fact in facts.items()),
            facts=frozenset(facts),
            others=tuple(name for name in others if values[name]),
            absent=tuple(name for name in others if not values[name]),
        )

    def _deciding(self, values: dict[str, Value]) -> list[Read]:
        holds = self._holds(values)

        def turned(changed: Mapping[str, Value]) -> bool:
            return self._holds({**values, **changed}) != holds

        turns = [any(turned({read.name: v}) for v in read.values if v != values[read.name]) for read in self._reads]
        deciding = [read for read, alone in zip(self._reads, turns, strict=True) if alone]
        rest = [read for read, alone in zip(self._reads, turns, strict=True) if not alone]
        calmed = {read.name: read.calm for read in rest if values[read.name] != read.calm}
        worsened = {read.name: read.values[-1] for read in rest if values[read.name] == read.calm}
        for together in (calmed, worsened):
            if turned(together):
                enough = [name for name in together if not turned({**together, name: values[name]})]
                return [read for read in self._reads if read in deciding or read.name in (enough or together)]
        return deciding

    def _holds(self, values: Mapping[str, Value]) -> bool:
        derived = {item.id: item.by.of(values) for item in self._derived}
        return bool(self._condition.of({**values, **derived}))


def in_words(told: Iterable[str]) -> str:
    """The grounds of the report and of each child as a sentence quotes them: in brackets, with a blank behind."""
    quoted = "; ".join(told)
    return f"({quoted}) " if quoted else ""
