"""Check certificates of promises without the platform: `verify_certificate.py --key PUBLIC.pem FILE...`

Shares no code with what wrote them; needs Python and the `cryptography` package only. For each file it checks the
hash, the signature and the history, moves the due time again event by event, and computes the verdict again from the
act that stopped the clock; certificates of one office are checked as a chain. That the first due time follows from the
receipt is the pack's affair and is not checked here.

One line a file. Exit 0 if everything holds, 1 if anything does not, 2 if it cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

CERTIFICATE = "hotline.certificate/1"
ADDENDUM = "hotline.addendum/1"

Json = dict[str, Any]


class WrongError(Exception):
    """What does not hold, in words."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="signed certificates and addenda")
    parser.add_argument("--key", required=True, action="append", type=Path, help="a public key (PEM, Ed25519)")
    asked = parser.parse_args(arguments)
    try:
        keys = dict(read_key(file) for file in asked.key)
        signed = {file: read(file) for file in asked.files}
    except (OSError, ValueError) as unreadable:
        print(f"cannot read: {unreadable}", file=sys.stderr)
        return 2
    wrong = {file: reason for file, document in signed.items() if (reason := fault(document, keys))}
    sound = {file: document for file, document in signed.items() if file not in wrong}
    wrong |= broken_links(sound)
    for file, document in signed.items():
        print(f"WRONG  {file}: {wrong[file]}" if file in wrong else f"holds  {file}: {summary(document)}")
    return 1 if wrong else 0


def read(file: Path) -> Json:
    """One signed document; ValueError for what canonical JSON cannot hold unambiguously."""

    def once(pairs: list[tuple[str, Any]]) -> Json:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError(f"{file}: a name stands twice in one object")
        return dict(pairs)

    def no_float(text: str) -> float:
        raise ValueError(f"{file}: {text} is not a whole number")

    document = json.loads(
        file.read_text("utf-8"), object_pairs_hook=once, parse_float=no_float, parse_constant=no_float
    )
    if not isinstance(document, dict):
        raise ValueError(f"{file}: not a JSON object")
    return document


def read_key(file: Path) -> tuple[str, Ed25519PublicKey]:
    key = load_pem_public_key(file.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{file}: not an Ed25519 public key")
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16], key


def fault(signed: Json, keys: dict[str, Ed25519PublicKey]) -> str | None:
    try:
        check_signature(signed, keys)
        body = signed["body"]
        if body["format"] == CERTIFICATE:
            check_certificate(body)
        elif body["format"] != ADDENDUM:
            raise WrongError(f"unknown format {body['format']}")
    except WrongError as wrong:
        return str(wrong)
    except (KeyError, TypeError, ValueError, IndexError) as shapeless:
        return f"not in the form of a signed certificate ({type(shapeless).__name__}: {shapeless})"
    return None


def check_signature(signed: Json, keys: dict[str, Ed25519PublicKey]) -> None:
    body = canonical(signed["body"])
    if hashlib.sha256(body).hexdigest() != signed["sha256"]:
        raise WrongError("the hash does not belong to the body: something was changed")
    named = signed["signature"]
    if named["algorithm"] != "Ed25519" or named["key"] not in keys:
        raise WrongError(f"signed with key {named['key']}, which is not among the keys given")
    try:
        keys[named["key"]].verify(base64.b64decode(named["value"], validate=True), body)
    except InvalidSignature:
        raise WrongError("the signature was not made over this body") from None


def canonical(value: Any) -> bytes:
    """RFC 8785 for what a certificate holds: whole numbers only, and names that sort alike in UTF-8 and UTF-16."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def check_certificate(body: Json) -> None:
    history, closing = body["history"], body["closing"]
    expect("versions of the history", [event["version"] for event in history], list(range(2, len(history) + 2)))
    due = due_at_the_end(body)
    expect("due time", at(body["due"]["at"]), due)
    act, recorded_late = stopping_act(body)
    expect("closing act", (closing["by"], closing["outcome"], at(closing["occurred_at"])), act)
    expect("recorded late", closing["recorded_late"], recorded_late)
    computed = "VOID" if history[-1]["event"] == "Void" else "MET" if act[2] <= due else "LATE"
    expect("verdict", closing["verdict"], computed)
    expect("wording of the verdict", body["verdict"], f"{computed}, RECORDED_LATE" if recorded_late else computed)


def due_at_the_end(body: Json) -> datetime:
    """The first due time, moved again by every event that may move one."""
    due, stopped, until = at(body["due"]["first"]), timedelta(0), None
    moves = []
    for event in body["history"]:
        before, now = due, at(event["recorded_at"])
        if event["event"] == "Extend":
            due = at(event["due_at"])
        elif event["event"] == "Pause":
            until = at(event["until"])
            due, stopped = due + (until - now), stopped + (until - now)
        elif event["event"] == "Resume" and until is not None:
            due, stopped = due - (until - now), stopped - (until - now)
        elif event["event"] == "Retier":
            due = at(event["timetable"]["due_at"]) + stopped
        if due != before:
            moves.append((event["version"], before, due))
    written = [(move["version"], at(move["from"]), at(move["to"])) for move in body["due"]["moves"]]
    expect("moves of the due time", written, moves)
    return due


def stopping_act(body: Json) -> tuple[tuple[str, str, datetime], bool]:
    """Who did what when to end it, and whether another person had to vouch for it."""
    *before, last = body["history"]
    if last["event"] == "Void":
        return (last["by"], "VOID", at(last["recorded_at"])), False
    confirmed = last["event"] == "ConfirmLateEntry"
    act = awaiting(before) if confirmed else last
    if act["event"] != "Attempt" or act["outcome"] not in body["terms"]["stops_on"]:
        raise WrongError(
            f"version {act['version']} ({act['event']}) does not stop this clock, yet the promise is closed"
        )
    occurred, recorded = at(act["occurred_at"]), at(act["recorded_at"])
    if not at(body["promise"]["received_at"]) <= occurred <= recorded:
        raise WrongError("the closing act occurred before the receipt, or after it was recorded")
    expect("time of recording", at(body["closing"]["recorded_at"]), recorded)
    late = recorded - occurred > timedelta(seconds=body["terms"]["late_entry_seconds"])
    expect("confirmation of a late entry", confirmed, late)
    if late and (last["by"] == act["by"] or not act["late_reason"]):
        raise WrongError("a late entry needs a reason, and the word of another person")
    return (act["by"], act["outcome"], occurred), late


def awaiting(history: list[Json]) -> Json:
    """The late entry that was confirmed: the last attempt for which a confirmation was asked."""
    for event in reversed(history):
        if any(effect["effect"] == "ConfirmationNeeded" for effect in event["effects"]):
            return event
    raise WrongError("a confirmation without a late entry")


def broken_links(signed: dict[Path, Json]) -> dict[Path, str]:
    """What does not hold between those given: numbers used twice, links that do not fit, addenda to nothing."""
    certificates = {f: s for f, s in signed.items() if s["body"]["format"] == CERTIFICATE}
    known = {s["sha256"] for s in certificates.values()}
    wrong = {
        f: "the certificate it adds to is not among those given"
        for f, s in signed.items()
        if s["body"]["format"] == ADDENDUM and s["body"]["certificate"] not in known
    }
    links: dict[tuple[str | None, int], str] = {}
    for file, document in sorted(certificates.items(), key=lambda item: item[1]["body"]["chain"]["number"]):
        chain = document["body"]["chain"]
        place = (chain["office"], chain["number"])
        before = links.get((chain["office"], chain["number"] - 1))
        if links.setdefault(place, document["sha256"]) != document["sha256"]:
            wrong[file] = f"number {chain['number']} of office {chain['office']} was given to two certificates"
        elif (chain["number"] == 1) != (chain["previous"] is None):
            wrong[file] = "only the first of a chain has no certificate before it"
        elif before is not None and chain["previous"] != before:
            wrong[file] = f"the certificate before it (number {chain['number'] - 1}) is not the one it was linked to"
    return wrong


def summary(signed: Json) -> str:
    body = signed["body"]
    if body["format"] == ADDENDUM:
        return f"addendum to {body['certificate']}"
    promise, chain = body["promise"], body["chain"]
    return f"{body['verdict']}  {promise['kind']} {promise['id']}, due {body['due']['at']}, number {chain['number']}"


def expect(what: str, written: object, computed: object) -> None:
    if written != computed:
        raise WrongError(f"{what}: the certificate says {written}, its history gives {computed}")


def at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise WrongError(f"{text} has no time zone")
    return moment


if __name__ == "__main__":
    sys.exit(main())
