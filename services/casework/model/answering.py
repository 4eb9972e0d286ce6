"""Whether callers in office hours speak to a person (R026), and how many are sent to a box instead (R027)."""

from __future__ import annotations

from dataclasses import dataclass

from policy.workforce import Answering


@dataclass(frozen=True, slots=True)
class Answered:
    """How callers fared; `not_offered`: left to a box without having been offered a person."""

    calls: int
    answered: int
    abandoned: int
    voicemail: int
    not_offered: int

    @property
    def percent(self) -> int:
        """Of all calls, those that reached a person; 100 where nobody called."""
        return self.answered * 100 // self.calls if self.calls else 100


def too_few(answered: Answered, target: Answering) -> bool:
    """Whether somebody must hear of it. A few calls alone say nothing."""
    return answered.calls >= target.of_at_least and answered.percent < target.percent
