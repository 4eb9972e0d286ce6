"""Replay: a recorded decision, evaluated again, must come out byte for byte the same (R102, R109).

What is recorded is one JSON object a decision: `report_id`, `facts` (the input of screening), `pack` (id, version,
sha256), `output` (the evaluator's whole answer: its text, or the object; null if the facts could not be screened), and,
where they are known, `county`, `office`, `channel`, `language`, `evaluated_at`, and `latest`: false if the report was
amended and evaluated again since. Codes and references only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from policy.canonical import canonical_plain
from policy.errors import PackMissing, PolicyError
from policy.packs import Pack, PackRef, Packs
from policy.screening import Decision, ScreeningError, received, screen


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as it was recorded; `output` is the evaluator's answer in RFC 8785 form, None if there was none.

    `evaluated_at` is a time in RFC 3339 form; without it a decision counts as evaluated when it was received.
    """

    report_id: str
    facts: Mapping[str, Any]
    pack: PackRef | None
    output: bytes | None
    county: str | None = None
    office: str | None = None
    channel: str | None = None
    language: str | None = None
    evaluated_at: str | None = None
    latest: bool = True

    def evaluated_since(self, since: datetime) -> bool:
        """Whether this evaluation was made at `since` or later."""
        at = received({"received_at": self.evaluated_at}) if self.evaluated_at else received(self.facts)
        return at >= since

    @property
    def reporter(self) -> str | None:
        """The class of the reporter, as it was given: MANDATED, PERMISSIVE, ANONYMOUS, UNKNOWN."""
        given = self.facts.get("report")
        reporter = given.get("reporter") if isinstance(given, Mapping) else None
        return reporter if isinstance(reporter, str) else None


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an answer of today first departs from the recorded one; values in JSON, `nothing` where there is none."""

    report_id: str
    path: str
    recorded: str
    replayed: str

    def __str__(self) -> str:
        return f"{self.report_id}: {self.path or 'the whole'}: recorded {self.recorded}, replayed {self.replayed}"


def recorded(line: bytes | str) -> Recorded:
    """The decision in one line; `PolicyError` BAD_RECORD names what is wrong with it."""
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise PolicyError("BAD_RECORD", [], f"not readable as JSON: {error}") from error
    if not isinstance(entry, dict):
        raise PolicyError("BAD_RECORD", [], "a recorded decision is one JSON object")
    output = entry.get("output")
    return Recorded(
        report_id=_wanted(entry, "report_id", str),
        facts=_wanted(entry, "facts", dict),
        pack=None if output is None else _pack_ref(_wanted(entry, "pack", dict)),
        output=None if output is None else _text(output),
        county=_optional(entry, "county"),
        office=_optional(entry, "office") or _optional(entry["facts"], "office"),
        channel=_optional(entry, "channel"),
        language=_optional(entry, "language"),
        evaluated_at=_optional(entry, "evaluated_at"),
        latest=entry.get("latest") is not False,
    )


class Held:
    """The packs recorded decisions were made by, each found again by its hash and by nothing less."""

    def __init__(self, packs: Packs) -> None:
        self._packs = packs
        self._found: dict[PackRef, Pack] = {}

    def pack(self, ref: PackRef) -> Pack:
        """The pack of this reference; `PackMissing` if it is not held, or no longer as it was."""
        if ref not in self._found:
            pack = self._packs.get(ref.id, ref.version)
            if pack.sha256 != ref.sha256:
                message = (
                    f"a decision was made by {ref.id} {ref.version} with the hash {ref.sha256[:12]}, and the one held "
                    f"here has {pack.sha256[:12]}: install the packs as they were then"
                )
                raise PackMissing(f"{ref.id}@{ref.version}", message)
            self._found[ref] = pack
        return self._found[ref]


def replay(pack: Pack, item: Recorded) -> Decision | Difference:
    """The decision made again by the pack that made it, or the `Difference` that must not be."""
    assert item.output is not None
    try:
        again = screen(pack, item.facts)
    except ScreeningError as error:
        return Difference(item.report_id, "", "a decision", f"the error {error.code} at {', '.join(error.paths)}")
    if again.canonical() == item.output:
        return again
    return _difference(item, again)


def _difference(item: Recorded, again: Decision) -> Difference:
    assert item.output is not None
    try:
        found = first_difference(json.loads(item.output), json.loads(again.canonical()))
    except ValueError:
        found = ("", "text that is not JSON", "a decision")
    # Equal as values: then the recorded text was not in canonical form, so that its hash would not hold either.
    return Difference(item.report_id, *(found or ("", "text that is not in canonical form", "the canonical form")))


def first_difference(before: Any, after: Any, path: str = "") -> tuple[str, str, str] | None:
    """The first place, in canonical order, at which two JSON values differ: its path and both values; None if none."""
    if type(before) is not type(after) or not isinstance(before, (dict, list)):
        # In Python 1 equals True; in JSON it does not.
        return None if before == after and type(before) is type(after) else (path, _shown(before), _shown(after))
    steps = (first_difference(one, other, f"{path}{step}".lstrip(".")) for step, one, other in _steps(before, after))
    return next(filter(None, steps), None)


_NOTHING = object()


def _steps(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(before, dict):
        return [(f".{key}", before.get(key, _NOTHING), after.get(key, _NOTHING)) for key in sorted({*before, *after})]
    length = max(len(before), len(after))
    pairs = zip(_padded(before, length), _padded(after, length), strict=True)
    return [(f"[{index}]", one, other) for index, (one, other) in enumerate(pairs)]


def _padded(items: list[Any], length: int) -> list[Any]:
    return [*items, *[_NOTHING] * (length - len(items))]


def _shown(value: Any) -> str:
    return "nothing" if value is _NOTHING else json.dumps(value, ensure_ascii=False)


def _text(output: Any) -> bytes:
    # The service hands over the very text it keeps; a file made by people has the object, whose canonical form it was.
    # The evaluator's output is plain, so anything for which the fast form is not RFC 8785 is a difference anyway.
    return output.encode() if isinstance(output, str) else canonical_plain(output)


def _pack_ref(entry: Mapping[str, Any]) -> PackRef:
    return PackRef(*(_wanted(entry, key, str, "pack.") for key in ("id", "version", "sha256")))


def _wanted(entry: Mapping[str, Any], key: str, kind: type, path: str = "") -> Any:
    value = entry.get(key)
    if not isinstance(value, kind):
        expected = "text" if kind is str else "an object"
        raise PolicyError("BAD_RECORD", [f"{path}{key}"], f"{expected} is expected here")
    return value


def _optional(entry: Mapping[str, Any], key: str) -> str | None:
    return None if entry.get(key) in (None, "") else str(_wanted(entry, key, str))
