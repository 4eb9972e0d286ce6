"""What casework is told by its environment, beside what every service is."""

from __future__ import annotations

from pathlib import Path

from chassis.settings import Settings
from services.casework.promises.keys import signing_key
from services.casework.promises.rules import Rules


class CaseworkSettings(Settings):
    """By which pack promises are made, and with which key certificates are signed."""

    pack: str = "seed-default"
    """The id of the site's pack."""
    certificate_key: Path | None = None
    """The PEM file of an Ed25519 key; in development it is made where there is none."""

    def rules(self) -> Rules:
        """What the ledger judges by; a key or a pack that cannot be used is refused here, at the start."""
        packs = self.held_packs()
        key = signing_key(Path(self.need("certificate_key")), make=self.development)
        return Rules(packs, self.pack, key)
