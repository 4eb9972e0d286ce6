"""Check certificates of promises without the platform: `verify_certificate.py --key KEY.pem [--packs FOLDER] FILE...`

Shares no code with what wrote them; needs Python, `cryptography`, `pyyaml` and `tzdata`. For each file it checks the
hash, the signature and the history, moves the due time again event by event, and computes the verdict again from the
act that stopped the clock; certificates of one office are checked as a chain. With the folder of packs it also finds
the very pack the promise was made by, and computes from it, with its own calendars, when the promise was first due,
each extension and each upgrade, and what the pack says keeps, stops or excuses it.

With --whole the files must be the whole chain of each office from its first document on, so that one taken away shows;
without it, numbers missing between those given are told and no more. (That documents are missing at the end of a chain
only its next document shows.)

One line a file. Exit 0 if everything holds, 1 if anything does not, 2 if it cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

CERTIFICATE = "hotline.certificate/1"
ADDENDUM = "hotline.addendum/1"
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

Json = dict[str, Any]


class WrongError(Exception):
    """What does not hold, in words."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="signed certificates and addenda")
    parser.add_argument("--key", required=True, action="append", type=Path, help="a public key (PEM, Ed25519)")
    parser.add_argument("--packs", type=Path, help="the folder of packs; without it first due times are not computed")
    parser.add_argument("--whole", action="store_true", help="nothing may be missing, from the first of each office on")
    asked = parser.parse_args(arguments)
    try:
        keys = dict(read_key(file) for file in asked.key)
        signed = {file: read(file) for file in asked.files}
    except (OSError, ValueError) as unreadable:
        print(f"cannot read: {unreadable}", file=sys.stderr)
        return 2
    wrong = {file: reason for file, document in signed.items() if (reason := fault(document, keys, asked.packs))}
    sound = {file: document for file, document in signed.items() if file not in wrong}
    wrong |= broken_links(sound)
    for file, document in signed.items():
        print(f"WRONG  {file}: {wrong[file]}" if file in wrong else f"holds  {file}: {summary(document)}")
    gaps = list(missing(sound.values(), whole=asked.whole))
    for gap in gaps:
        print(
            f"WRONG  {gap}" if asked.whole else f"note   {gap}: give all of them, and --whole, to see that none is lost"
        )
    return 1 if wrong or (asked.whole and gaps) else 0


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


def fault(signed: Json, keys: dict[str, Ed25519PublicKey], packs: Path | None = None) -> str | None:
    try:
        check_signature(signed, keys)
        body = signed["body"]
        if body["format"] == CERTIFICATE:
            check_certificate(body)
            if packs:
                check_against_pack(body, read_pack(packs, **body["promise"]["pack"]))
        elif body["format"] == ADDENDUM:
            check_statement(body["statement"])
        else:
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


def check_statement(statement: Json) -> None:
    """What an addendum may say: what became of a message, or what somebody entered after the closing, and why."""
    what = statement["what"]
    if what == "DELIVERED":
        at(statement["sent_at"])
    elif what == "ENTERED_AFTER_CLOSING":
        if at(statement["occurred_at"]) > at(statement["recorded_at"]) or not statement["late_reason"]:
            raise WrongError("what is entered after the closing has happened before, and says why it comes so late")
    elif what != "NOT_DELIVERED":
        raise WrongError(f"an addendum does not say {what}")


def due_at_the_end(body: Json) -> datetime:
    """The first due time, moved again by every event that may move one."""
    due, stopped, until = at(body["due"]["first"]), timedelta(0), None
    moves = []
    for event in body["history"]:
        before, now = due, at(event["recorded_at"])
        if event["event"] == "Extend":
            due = at(event["due_at"])
        elif event["event"] == "Pause":
            since, until = stopped_since(body, event), at(event["until"])
            due, stopped = due + (until - since), stopped + (until - since)
        elif event["event"] == "Resume" and until is not None:
            due, stopped = due - (until - now), stopped - (until - now)
        elif event["event"] == "Retier":
            due = at(event["timetable"]["due_at"]) + stopped
        if due != before:
            moves.append((event["version"], before, due))
    written = [(move["version"], at(move["from"]), at(move["to"])) for move in body["due"]["moves"]]
    expect("moves of the due time", written, moves)
    return due


def stopped_since(body: Json, pause: Json) -> datetime:
    """When a pause began: as it was recorded, or before, if nobody had been told of the promise yet."""
    recorded = at(pause["recorded_at"])
    since = at(pause["since"]) if pause.get("since") else recorded
    before = [event for event in body["history"] if event["version"] < pause["version"]]
    told = any(effect["effect"] == "Climb" for event in before for effect in event["effects"])
    if not at(body["promise"]["received_at"]) <= since <= recorded or (since < recorded and told):
        raise WrongError(f"version {pause['version']} stops the clock from {since} on, which it could not")
    return since


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


def check_against_pack(body: Json, pack: Json) -> None:
    """What the history may not say for itself: due times, and what keeps, stops or extends this kind of promise."""
    promise, due = body["promise"], body["due"]
    office, received = pack_of_office(pack, promise["office"]), at(promise["received_at"])
    if not at(pack["effective_from"]) <= received or (
        pack.get("effective_to") and received >= at(pack["effective_to"])
    ):
        raise WrongError(f"pack {pack['id']} {pack['version']} was not in force at the receipt")
    kind = office["clocks"][promise["kind"]]
    expect("what keeps it", body["terms"]["stops_on"], sorted(kind["stops_on"]))
    expect("what may stop its clock", body["terms"]["pause_reasons"], sorted(kind.get("pause_reasons", [])))
    expect("late entry", body["terms"]["late_entry_seconds"], timedelta(**pack["late_entry"]) // timedelta(seconds=1))
    first = due_of(office, promise["kind"], received, **due["chosen_by"])
    expect_due("first due time", at(due["first"]), first, body["tzdata"])
    moves = {move["version"]: move for move in due["moves"]}
    extensions = kind.get("extension", {"times": 0, "days": 0})
    for event in body["history"]:
        if event["event"] == "Extend":
            later = plus_days(office["calendars"]["office"], at(moves[event["version"]]["from"]), event["days"])
            expect_due("extended due time", at(event["due_at"]), later, body["tzdata"])
            extensions = {**extensions, "times": extensions["times"] - 1}
            if extensions["times"] < 0 or event["days"] > extensions["days"]:
                raise WrongError(f"version {event['version']} extends it further than the pack allows")
        elif event["event"] == "Pause" and event["reason"] not in kind.get("pause_reasons", []):
            raise WrongError(f"version {event['version']} stops the clock for {event['reason']}: no reason of the pack")
        elif event["event"] == "Retier":
            upgraded = due_of(office, promise["kind"], received, event["tier"], None)
            expect_due("due time after the upgrade", at(event["timetable"]["due_at"]), upgraded, body["tzdata"])


def read_pack(packs: Path, id: str, version: str, sha256: str) -> Json:  # noqa: A002 - the certificate's names
    """The merged pack with this very hash."""
    try:
        pack = merged_pack(packs, id, version)
    except (OSError, yaml.YAMLError) as unreadable:
        raise WrongError(f"pack {id} {version} cannot be read ({type(unreadable).__name__})") from None
    if hashlib.sha256(canonical(pack)).hexdigest() != sha256:
        raise WrongError(f"pack {id} {version} is held with another content than the one it was made by")
    return pack


@cache
def merged_pack(packs: Path, name: str, version: str) -> Json:
    folder = packs / name / version
    own: Json = {}
    for file in sorted(folder.glob("*.yaml")):
        own |= yaml.load(file.read_text("utf-8"), JsonScalars)  # noqa: S506 - a safe loader with fewer types
    if not own:
        raise WrongError(f"pack {name} {version} is not in the folder of packs")
    base = own.get("extends")
    return merge(merged_pack(packs, base["id"], base["version"]), own) if base else own


class JsonScalars(yaml.SafeLoader):
    """YAML whose scalars are JSON's: NO and 08:00 are words."""


JsonScalars.yaml_implicit_resolvers = {}
for tag, written, begin in (
    ("bool", r"(true|false)$", "tf"),
    ("null", r"(null|~|)$", ["n", "~", ""]),
    ("int", r"-?(0|[1-9][0-9]*)$", "-0123456789"),
):
    JsonScalars.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(written), list(begin))


def merge(base: Any, own: Any) -> Any:
    """Entries by name, items of lists by id, all else replaced."""
    if isinstance(base, dict) and isinstance(own, dict):
        return {**base, **{name: merge(base[name], own[name]) if name in base else own[name] for name in own}}
    if all(isinstance(part, list) and all(isinstance(i, dict) and "id" in i for i in part) for part in (base, own)):
        return list(merge({item["id"]: item for item in base}, {item["id"]: item for item in own}).values())
    return own


def pack_of_office(pack: Json, office: str | None) -> Json:
    """Calendars and clocks as one office has them: its own win over its county's, and those over the pack's."""
    rules = {part: pack[part] for part in ("calendars", "clocks")}
    own = pack.get("offices", {}).get(office)
    return merge(merge(rules, pack.get("counties", {}).get(own.get("county"), {})), own) if own else rules


def due_of(office: Json, kind: str, received: datetime, tier: str | None, presence: str | None) -> datetime:
    clock = office["clocks"][kind]
    for due in clock["due"]:
        if (tier or "none") in due.get("tiers", [tier or "none"]) and due.get("presence", presence) == presence:
            return counted(office["calendars"][clock.get("calendar", "office")], due, received)
    raise WrongError(f"the pack has no due time for {kind}, tier {tier}, presence {presence}")


def counted(calendar: Json, due: Json, received: datetime) -> datetime:
    if "days" in due:
        return plus_days(calendar, received, due["days"])
    if "business_days" in due:
        return after_office_time(calendar, received, due["business_days"])
    if "next" in due:
        moments = (
            instant(calendar, day, clock) for day in open_days(calendar, received) for clock in sorted(due["next"])
        )
        return next(moment for moment in moments if moment > received)
    return received + timedelta(**{unit: due[unit] for unit in ("seconds", "minutes", "hours") if unit in due})


def plus_days(calendar: Json, start: datetime, days: int) -> datetime:
    local = start.astimezone(zone(calendar["zone"])).replace(tzinfo=None) + timedelta(days=days)
    return at_local(calendar, local)


def after_office_time(calendar: Json, start: datetime, days: int) -> datetime:
    if calendar.get("always_open"):
        return start + days * timedelta(hours=24)
    left = days * (midnight_plus(calendar["closes"]) - midnight_plus(calendar["opens"]))
    for day in open_days(calendar, start):
        begin, end = max(start, instant(calendar, day, calendar["opens"])), instant(calendar, day, calendar["closes"])
        if begin < end:
            if left <= end - begin:
                return begin + left
            left -= end - begin
    raise AssertionError("open days do not end")


def open_days(calendar: Json, start: datetime) -> Iterator[date]:
    day = start.astimezone(zone(calendar["zone"])).date()
    for _ in range(1000):
        if calendar.get("always_open") or (
            WEEKDAYS[day.weekday()] in calendar["weekdays"]
            and day.isoformat() not in calendar.get("closed", [])
            and not any(day in kept_on(holiday, day.year) for holiday in calendar.get("holidays", []))
        ):
            yield day
        day += timedelta(days=1)
    raise WrongError("the calendar of the pack is not open on any of a thousand days")


def kept_on(holiday: Json, year: int) -> set[date]:
    """The days near this year on which a holiday is kept; one on a weekend is kept on the nearest weekday."""
    days = set()
    for when in range(max(year - 1, holiday.get("since", 1)), year + 2):
        month = [date(when, holiday["month"], 1) + timedelta(days=n) for n in range(31)]
        month = [day for day in month if day.month == holiday["month"]]
        if "day" in holiday:
            day = month[holiday["day"] - 1]
            days.add(day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0)))
        else:
            nth = holiday.get("nth", 1)
            days.add([day for day in month if WEEKDAYS[day.weekday()] == holiday["weekday"]][nth - (nth > 0)])
    return days


def instant(calendar: Json, day: date, clock: str) -> datetime:
    return at_local(calendar, datetime.combine(day, time()) + midnight_plus(clock))


def midnight_plus(clock: str) -> timedelta:
    hours, minutes = clock.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def at_local(calendar: Json, local: datetime) -> datetime:
    """The instant of a local clock time: the earlier of two, and of none the first instant after the gap."""
    there = zone(calendar["zone"])
    found = local.replace(tzinfo=there).astimezone(UTC)
    if found.astimezone(there).replace(tzinfo=None) == local:
        return found
    # Here `found` was counted with the offset before the gap, so that it lies after the change.
    offset, second = local.replace(tzinfo=there, fold=1).utcoffset(), found.replace(microsecond=0)
    while (second - timedelta(seconds=1)).astimezone(there).utcoffset() == offset:
        second -= timedelta(seconds=1)
    return second


@cache
def zone(name: str) -> ZoneInfo:
    """By the package `tzdata`, not by this machine's own files."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def broken_links(signed: dict[Path, Json]) -> dict[Path, str]:
    """What does not hold between those given: numbers used twice, links that do not fit, addenda to nothing."""
    certificates = {s["sha256"]: s["body"] for s in signed.values() if s["body"]["format"] == CERTIFICATE}
    wrong: dict[Path, str] = {}
    links: dict[tuple[str | None, int], str] = {}
    for file, document in sorted(signed.items(), key=lambda item: item[1]["body"]["chain"]["number"]):
        body, chain = document["body"], document["body"]["chain"]
        before = links.get((chain["office"], chain["number"] - 1))
        if links.setdefault((chain["office"], chain["number"]), document["sha256"]) != document["sha256"]:
            wrong[file] = f"number {chain['number']} of office {chain['office']} was given to two documents"
        elif (chain["number"] == 1) != (chain["previous"] is None):
            wrong[file] = "only the first of a chain has nothing before it"
        elif before is not None and chain["previous"] != before:
            wrong[file] = f"what stands before it (number {chain['number'] - 1}) is not what it was linked to"
        elif body["format"] == ADDENDUM and (reason := misplaced(body, certificates.get(body["certificate"]))):
            wrong[file] = reason
    return wrong


def missing(signed: Iterable[Json], *, whole: bool) -> Iterator[str]:
    """The numbers of each office's chain that are not there: between those given, and with `whole` before them too."""
    given: dict[str | None, set[int]] = {}
    for document in signed:
        chain = document["body"]["chain"]
        given.setdefault(chain["office"], set()).add(chain["number"])
    for office, numbers in given.items():
        absent = sorted(set(range(1 if whole else min(numbers), max(numbers))) - numbers)
        if absent:
            yield f"office {office}: number{'s' if len(absent) > 1 else ''} {ranges(absent)} missing"


def ranges(numbers: list[int]) -> str:
    """`2, 5-7`: increasing numbers, those that follow each other as one."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def misplaced(addendum: Json, certificate: Json | None) -> str | None:
    """Why an addendum cannot belong to the certificate it names."""
    if certificate is None:
        return "the certificate it adds to is not among those given"
    here, there = addendum["chain"], certificate["chain"]
    if here["office"] != there["office"] or here["number"] <= there["number"]:
        return "it does not come after its certificate, in the same chain"
    return None


def summary(signed: Json) -> str:
    body = signed["body"]
    chain = body["chain"]
    if body["format"] == ADDENDUM:
        return f"addendum {body['statement']['what']} to {body['certificate'][:16]}, number {chain['number']}"
    promise = body["promise"]
    return f"{body['verdict']}  {promise['kind']} {promise['id']}, due {body['due']['at']}, number {chain['number']}"


def expect(what: str, written: object, computed: object) -> None:
    if written != computed:
        raise WrongError(f"{what}: the certificate says {written}, its history gives {computed}")


def expect_due(what: str, written: datetime, computed: datetime, tzdata: str) -> None:
    """A due time computed by calendars: where it differs, so may the rules of time zones."""
    if written != computed and tzdata != (own := version("tzdata")):
        raise WrongError(
            f"{what}: the certificate says {written} (tzdata {tzdata}), its pack gives {computed} (tzdata {own}): "
            f"check it with tzdata {tzdata}"
        )
    expect(what, written, computed)


def at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise WrongError(f"{text} has no time zone")
    return moment


if __name__ == "__main__":
    sys.exit(main())
