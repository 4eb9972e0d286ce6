"""Who is told what when several rungs are climbed at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policy.promise.events import Climb


@dataclass(frozen=True, slots=True)
class Telling:
    """One message to one person: it names the oldest of the rungs it stands for."""

    person: str
    oldest: Climb
    rungs: tuple[str, ...]


def tellings(climbs: Iterable[Climb], people: Mapping[str, Iterable[str]]) -> tuple[Telling, ...]:
    """One telling a person, in the order climbed; `people` are the references each rung (by name) resolved to."""
    climbed: dict[str, list[Climb]] = {}
    for climb in climbs:
        for person in people.get(climb.rung, ()):
            climbed.setdefault(person, []).append(climb)
    return tuple(Telling(who, own[0], tuple(climb.rung for climb in own)) for who, own in climbed.items())
