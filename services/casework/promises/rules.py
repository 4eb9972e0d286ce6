"""What the ledger judges by."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policy.packs import Packs


@dataclass(frozen=True, slots=True)
class Rules:
    """Every pack ever in force, the id of the one this site goes by, and the key that signs its certificates."""

    packs: Packs
    pack: str
    key: Ed25519PrivateKey
