"""When a difference between two views is real: what is on its way looks the same at first."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

_LONGEST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Suspect:
    act_at: datetime
    pause: timedelta


class Suspicion(Generic[Key]):
    """Differences seen again and again. One that lasts for `grace` is acted on, then after twice that, and so on."""

    def __init__(self, grace: timedelta) -> None:
        self._grace = grace
        self._suspects: dict[Key, _Suspect] = {}

    def ripe(self, seen: Iterable[Key], now: datetime) -> list[Key]:
        """Of the differences seen at `now`, those to act on; whatever is not seen any more is forgotten."""
        first = _Suspect(now + self._grace, self._grace * 2)
        self._suspects = {key: self._suspects.get(key, first) for key in seen}
        ripe = [key for key, suspect in self._suspects.items() if suspect.act_at <= now]
        for key in ripe:
            pause = self._suspects[key].pause
            self._suspects[key] = _Suspect(now + pause, min(pause * 2, _LONGEST))
        return ripe
