"""What a pack's entries name must be there, and a more urgent tier must never be due later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from string import Formatter
from typing import Any

from policy.due import due_at
from policy.packs import Pack

_WEEK_FROM = datetime(2026, 11, 23, 6, tzinfo=UTC)
"""Receipts every five hours of this week, with a holiday in it, and of the two weeks in which clocks change."""
_RECEIPTS = tuple(
    start + timedelta(hours=5 * n)
    for start in (_WEEK_FROM, datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 10, 29, tzinfo=UTC))
    for n in range(34)
)
_PLACES = {
    "screening": {"result", "because", "cite"},
    "line": {"child", "line", "tier", "because", "facts", "cite"},
    "upgrade": {"id", "before", "after", "because", "facts", "cite"},
    "marker": {"id", "because", "cite"},
    "due": {"kind", "at", "rule", "counted_from", "cite"},
}
_PLACES_OF_A_FACT = {"subject", "fact", "text", "value"}


def missing_names(document: Mapping[str, Any]) -> Iterator[str]:
    """What is named but not there: citations, tiers, families, ladders, calendars, places in sentences."""
    families, tiers = set(document["families"]), {*document["tiers"], "none"}
    yield from _unknown("trees", (tree["id"] for tree in document["trees"]), families)
    yield from _unknown("families", families, {tree["id"] for tree in document["trees"]})
    yield from _unknown("criteria", (item["family"] for item in document["criteria"]), families)
    yield from _unknown("owed", (item["id"] for item in document["owed"]), set(document["clocks"]))
    cited = {item["id"] for item in document["citations"]}
    for where, entry in _cited(document):
        yield from _unknown(where, entry["cite"], cited)
    for kind, clock in document["clocks"].items():
        yield from _unknown(f"clocks.{kind}", (choice["use"] for choice in clock["ladder"]), set(document["ladders"]))
        yield from _unknown(f"clocks.{kind}", [clock.get("calendar", "office")], set(document["calendars"]))
        for choice in (*clock["due"], *clock["ladder"]):
            yield from _unknown(f"clocks.{kind}", choice.get("tiers", ()), tiers)
    for name, sentence in document["sentences"].items():
        places = {field for _, field, _, _ in Formatter().parse(sentence) if field is not None}
        yield from _unknown(f"sentences.{name}", places, _PLACES.get(name, _PLACES_OF_A_FACT))


def _cited(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in ("screening", "upgrades", "tasks", "cross_reports"):
        yield from ((f"{entry}.{item['id']}", item) for item in document[entry])
    for tree in document["trees"]:
        yield from ((f"trees.{tree['id']}.{line['id']}", line) for line in tree["lines"])
    yield from ((f"clocks.{kind}", clock) for kind, clock in document["clocks"].items())


def _unknown(where: str, names: Any, known: set[str]) -> Iterator[str]:
    for name in sorted(set(names) - known):
        yield f"{where} names {name}, which is not there"


def inverted_clocks(pack: Pack) -> Iterator[str]:
    """Clocks, of the jurisdiction or of an office, by which a more urgent tier is due later than a less urgent one."""
    for office in (None, *pack.document.get("offices", {})):
        for kind in pack.kinds:
            tiers = [tier for tier in pack.document["tiers"] if pack.has_clock(kind, tier)]
            if "presence" not in pack.document["clocks"][kind]["due"][0]:
                yield from _inverted(pack, kind, tiers, office)


def _inverted(pack: Pack, kind: str, tiers: list[str], office: str | None) -> Iterator[str]:
    for urgent, lesser in pairwise(tiers):
        first, then = pack.clock(kind, urgent, office), pack.clock(kind, lesser, office)
        for received_at in _RECEIPTS:
            if due_at(first, received_at) > due_at(then, received_at):
                yield f"clocks.{kind}: {urgent} is due later than {lesser} when received {received_at.isoformat()}"
                break


def receipts() -> int:
    """How many receipts each clock is tried on."""
    return len(_RECEIPTS)
