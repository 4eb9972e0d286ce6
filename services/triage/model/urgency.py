"""Which response to a report is more, and which is less."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from policy.screening import SOMEBODY_GOES

TIERS = ("T0", "T1", "T2", "T3", "T4")
"""Response priorities, most urgent first. No tier at all is the least urgent."""


class Screening(StrEnum):
    """What a report becomes. The evaluator recommends one of the first two; people may decide any."""

    SCREEN_IN = "SCREEN_IN"
    SCREEN_OUT = "SCREEN_OUT"
    ALTERNATIVE = "ALTERNATIVE"
    INFORMATION = "INFORMATION"
    SERVICE = "SERVICE"


# An alternative response is still one, by a case worker; of the others nobody goes to see the child.
_STRENGTH = {Screening.SCREEN_IN: 0, Screening.ALTERNATIVE: 1}
_NOBODY_GOES = 2


@dataclass(frozen=True, slots=True)
class Response:
    """What is done about a report, and how urgently; without a criterion there is no tier."""

    screening: Screening
    tier: str | None

    @property
    def somebody_goes(self) -> bool:
        """Whether somebody goes to see the child. If not, it is owed what a screen-out is, by whatever name."""
        return self.screening in SOMEBODY_GOES


def place(tier: str | None) -> int:
    """A tier's place, 0 the most urgent."""
    return len(TIERS) if tier is None else TIERS.index(tier)


def is_less(response: Response, than: Response) -> bool:
    """Whether a response does less for the child than another, or later."""
    return _strength(response) > _strength(than) or place(response.tier) > place(than.tier)


def _strength(response: Response) -> int:
    return _STRENGTH.get(response.screening, _NOBODY_GOES)
