"""The certificate of a closed promise: what was owed, what was done, and whether that was in time, for anyone to check.

Canonical JSON (RFC 8785), signed with Ed25519, chained per office by the hash of the document before it, so that one
byte changed, or one document taken away, shows. What is learned after the promise was closed (a report of delivery, an
entry that came too late, a correction) never changes a certificate: it is a signed addendum, a link of the same chain.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from policy.canonical import canonical, sha256
from policy.promise import Attempt, Climb, Closing, Entry, Passed, Promise, effect_to_json, event_to_json, to_json, utc

FORMAT = "hotline.certificate/1"
ADDENDUM = "hotline.addendum/1"


@dataclass(frozen=True, slots=True)
class Link:
    """The place of a document in its office's chain: numbered from 1, `previous` the SHA-256 of the one before."""

    number: int
    previous: str | None


class CertificateInvalid(Exception):
    """A signed document is not what its signer signed; the text says in which respect."""


def certificate(
    promise: Promise,
    history: Sequence[Entry],
    told: Mapping[tuple[int, str], Sequence[str]],
    *,
    link: Link,
    tzdata: str,
    untold: Mapping[tuple[int, str, str], str] = MappingProxyType({}),
) -> dict[str, Any]:
    """What is signed when `promise` has been closed; ValueError if it is open or `history` is not all of it.

    `told` are the references of the people to be told, by cycle and rung; `untold` says of whom of them (cycle, rung,
    person) it was not known yet that their message had gone out, and why: a code. `tzdata` is the version of the time
    zones its instants were computed with.
    """
    if promise.closing is None:
        raise ValueError(f"promise {promise.id} is open: only a closed promise has a certificate")
    if [entry.version for entry in history] != list(range(2, promise.version + 1)):
        raise ValueError(f"promise {promise.id}: the history must have each version from 2 to {promise.version}")
    row = to_json(promise)
    same = ("id", "kind", "subject", "reference", "owner", "office", "tier", "pack", "received_at", "made_at")
    return {
        "format": FORMAT,
        "promise": {name: row[name] for name in same},
        "due": _due(promise, history),
        "terms": _terms(promise),
        "tzdata": tzdata,
        "rungs": _rungs(history, told, untold),
        "attempts": [
            {"version": entry.version, **_tried(entry.event, entry.recorded_at)}
            for entry in history
            if isinstance(entry.event, Attempt)
        ],
        "history": [_happened(entry) for entry in history],
        "closing": row["closing"],
        "verdict": verdict(promise.closing),
        "chain": _chain(promise.office, link),
    }


def verdict(closing: Closing) -> str:
    """The verdict as it reads, such as `MET, RECORDED_LATE`."""
    return f"{closing.verdict}, RECORDED_LATE" if closing.recorded_late else str(closing.verdict)


def addendum(
    certificate_sha256: str, statement: Mapping[str, Any], *, office: str | None, link: Link
) -> dict[str, Any]:
    """What was learned after the promise was closed; to be signed like a certificate. It changes no verdict."""
    return {
        "format": ADDENDUM,
        "certificate": certificate_sha256,
        "statement": dict(statement),
        "chain": _chain(office, link),
    }


def delivered(rungs: Sequence[tuple[int, str, str]], at: datetime, channel: str | None = None) -> dict[str, Any]:
    """Statement: the message that stood for these rungs (cycle, rung, person) went out at `at`, and how, if known."""
    how = {"channel": channel} if channel else {}
    return {"what": "DELIVERED", "rungs": _told_on(rungs), "sent_at": _iso(at), **how}


def not_delivered(rungs: Sequence[tuple[int, str, str]], code: str) -> dict[str, Any]:
    """Statement: the message that stood for these rungs will not go out, for the reason `code`."""
    return {"what": "NOT_DELIVERED", "rungs": _told_on(rungs), "code": code}


def entered_after_closing(attempt: Attempt, recorded_at: datetime) -> dict[str, Any]:
    """Statement: what somebody says of a closed promise, and why only now. ValueError if it gives no reason."""
    if not attempt.late_reason:
        raise ValueError("what is entered after the closing says why it comes so late")
    return {"what": "ENTERED_AFTER_CLOSING", **_tried(attempt, recorded_at)}


def sign(body: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """`body` with its hash and signature; the same body and key give the same bytes."""
    signature = base64.b64encode(key.sign(canonical(dict(body)))).decode()
    named = {"algorithm": "Ed25519", "key": key_id(key.public_key()), "value": signature}
    return {"body": dict(body), "sha256": sha256(dict(body)), "signature": named}


def verify(signed: Mapping[str, Any], key: Ed25519PublicKey) -> dict[str, Any]:
    """The body, if its hash and signature are right; CertificateInvalid if not."""
    body: dict[str, Any] = signed["body"]
    if signed["sha256"] != sha256(body):
        raise CertificateInvalid("the hash does not belong to the body: one of them was changed")
    if signed["signature"]["key"] != key_id(key):
        raise CertificateInvalid(f"signed with key {signed['signature']['key']}, not with {key_id(key)}")
    try:
        key.verify(base64.b64decode(signed["signature"]["value"], validate=True), canonical(body))
    except (InvalidSignature, ValueError) as wrong:
        raise CertificateInvalid("the signature was not made over this body with this key") from wrong
    return body


def key_id(key: Ed25519PublicKey) -> str:
    """The name of a public key: the first sixteen hexadecimal digits of its SHA-256."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def _due(promise: Promise, history: Sequence[Entry]) -> dict[str, Any]:
    """The due time as it was computed first, each move of it by whom and why, and as it stood at the end."""
    stood = [promise.first_due_at, *(entry.due_at for entry in history)]
    moves = [
        {"version": entry.version, "from": _iso(before), "to": _iso(after)}
        for entry, (before, after) in zip(history, pairwise(stood), strict=True)
        if before != after
    ]
    return {
        "first": _iso(promise.first_due_at),
        "chosen_by": {"tier": promise.first_tier, "presence": promise.presence},
        "at": _iso(promise.due_at),
        "steps": list(promise.timetable.steps),
        "moves": moves,
    }


def _terms(promise: Promise) -> dict[str, Any]:
    terms = promise.terms
    return {
        "stops_on": sorted(terms.stops_on),
        "late_entry_seconds": terms.late_entry // timedelta(seconds=1),
        "pause_reasons": sorted(terms.pause_reasons),
    }


def _chain(office: str | None, link: Link) -> dict[str, Any]:
    return {"office": office, "number": link.number, "previous": link.previous}


def _told_on(rungs: Sequence[tuple[int, str, str]]) -> list[dict[str, Any]]:
    return [{"cycle": cycle, "rung": rung, "person": person} for cycle, rung, person in rungs]


def _rungs(
    history: Sequence[Entry],
    told: Mapping[tuple[int, str], Sequence[str]],
    untold: Mapping[tuple[int, str, str], str],
) -> list[dict[str, Any]]:
    """Every rung climbed or passed: the instant it stood on, when it was climbed, who was told and may not know yet."""
    return [
        {
            "cycle": effect.cycle,
            "rung": effect.rung,
            "at": _iso(effect.at),
            "climbed_at": _iso(entry.recorded_at) if isinstance(effect, Climb) else None,
            "told": sorted(told.get((effect.cycle, effect.rung), ())) if isinstance(effect, Climb) else [],
            "untold": {
                person: why
                for (cycle, rung, person), why in untold.items()
                if (cycle, rung) == (effect.cycle, effect.rung)
            },
        }
        for entry in history
        for effect in entry.effects
        if isinstance(effect, Climb | Passed)
    ]


def _tried(attempt: Attempt, recorded_at: datetime) -> dict[str, Any]:
    return {
        "by": attempt.by,
        "outcome": attempt.outcome,
        "occurred_at": _iso(attempt.occurred_at),
        "recorded_at": _iso(recorded_at),
        "late_reason": attempt.late_reason,
    }


def _happened(entry: Entry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "recorded_at": _iso(entry.recorded_at),
        **event_to_json(entry.event),
        "effects": [effect_to_json(effect) for effect in entry.effects],
    }


def _iso(at: datetime) -> str:
    return utc(at).isoformat().replace("+00:00", "Z")
