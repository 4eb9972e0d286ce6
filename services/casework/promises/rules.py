"""What the ledger judges by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policy.calendars import Calendar
from policy.packs import Pack, Packs
from policy.workforce import Answering, WorkforceRules, answering_target, workforce_rules
from services.casework.model.presence import Watch


@dataclass(frozen=True, slots=True)
class Rules:
    """Every pack ever in force, the id of the one this site goes by, and the key that signs its certificates."""

    packs: Packs
    pack: str
    key: Ed25519PrivateKey

    def in_force(self, at: datetime) -> Pack:
        """The site's pack as it was in force at an instant."""
        return self.packs.in_force(self.pack, at)

    def calendar(self, office: str, at: datetime) -> Calendar:
        """An office's hours and holidays, by the pack in force."""
        return self.in_force(at).calendar(office)

    def workforce(self, at: datetime) -> WorkforceRules:
        """When people rest and what is watched ahead, by the pack in force."""
        return workforce_rules(self.in_force(at))

    def answering(self, office: str, at: datetime) -> Answering:
        """How an office must answer its callers, by the pack in force."""
        return answering_target(self.in_force(at), office)

    def watch(self, office: str, at: datetime) -> Watch:
        """How an office looks at presence, by the pack in force."""
        return Watch(self.calendar(office, at), self.workforce(at).absence_shows_at)
