"""A pack's own words for its codes, and the clocks of its offices, for what people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from policy.packs import Packs
from services.notifications.model import Notification


@dataclass(frozen=True, slots=True)
class Wording:
    """What a code is called; and the zone in which times are told, by its name."""

    labels: Mapping[str, str]
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class House:
    """The packs held, and the id of the one this site goes by."""

    packs: Packs
    pack: str

    def wording(self, message: Notification) -> Wording:
        """By the pack in force when the message was asked for, so that a repetition reads alike; as its office has it.

        A message about no office is told in the clocks of the jurisdiction.
        """
        pack = self.packs.in_force(self.pack, message.requested_at)
        return Wording(pack.labels, pack.calendar(message.order.values.get("office")).zone)
