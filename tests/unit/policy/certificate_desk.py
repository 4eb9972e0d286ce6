"""What an auditor is given: signed certificates of promises that were kept, and forgeries by who holds the key."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from promise_desk import URGENT, Desk, clock, promise

from policy.certificate import Link, certificate, sign
from policy.promise import Attempt

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def signed(desk: Desk, number: int = 1, previous: str | None = None) -> dict[str, Any]:
    body = certificate(desk.promise, desk.history, desk.told, link=Link(number, previous), tzdata="2026.6")
    return sign(body, KEY)


def kept(at: str = "0:12") -> Desk:
    desk = Desk(promise(URGENT)).until(at)
    desk.do(Attempt("worker-1", "REACHED", clock(at)))
    return desk


def forged(document: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Signed anew with the right key, as only the signer could: the content itself must not hold together."""
    return sign({**document["body"], **changed}, KEY)
