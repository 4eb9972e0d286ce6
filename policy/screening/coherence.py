"""What a pack's entries name must be there, once; and a more urgent tier must never be due later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from string import Formatter
from typing import Any

from policy.due import due_at
from policy.errors import ClockUndefined
from policy.packfiles import own_rules
from policy.packs import Pack

_WEEK_FROM = datetime(2026, 11, 23, 6, tzinfo=UTC)
"""Receipts every five hours of this week, with a holiday in it, and of the two weeks in which clocks change."""
_RECEIPTS = tuple(
    start + timedelta(hours=5 * n)
    for start in (_WEEK_FROM, datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 10, 29, tzinfo=UTC))
    for n in range(34)
)
_PLACES = {
    "screening": {"result", "because", "facts", "cite"},
    "line": {"child", "line", "tier", "because", "facts", "cite"},
    "upgrade": {"id", "before", "after", "because", "facts", "cite"},
    "marker": {"id", "because", "facts", "cite"},
    "due": {"kind", "at", "rule", "counted_from", "cite"},
}
_NAMED = ("criteria", "report_facts", "child_facts", "derived", "any_child", "tasks")
_PLACES_OF_A_FACT = {"subject", "fact", "text", "value"}


def incoherent(document: Mapping[str, Any]) -> Iterator[str]:
    """What is named but not there, or there more than once: nothing can be decided, or proven, by such a pack."""
    yield from _missing_names(document)
    yield from _missing_in_offices(document)
    yield from _sentences(document)
    yield from _repeated_ids("", document)
    yield from _repeated_names(document)


def _missing_names(document: Mapping[str, Any]) -> Iterator[str]:
    families, tiers = set(document["families"]), set(document["tiers"])
    yield from _unknown("trees", (tree["id"] for tree in document["trees"]), families)
    yield from _unknown("families", families, {tree["id"] for tree in document["trees"]})
    yield from _unknown("criteria", (item["family"] for item in document["criteria"]), families)
    yield from _unknown("owed", (item["id"] for item in document["owed"]), set(document["clocks"]))
    cited = {item["id"] for item in document["citations"]}
    for where, entry in _cited(document):
        yield from _unknown(where, entry["cite"], cited)
    for tree in document["trees"]:
        for line in tree["lines"]:
            yield from _unknown(f"trees.{tree['id']}.{line['id']}", [line["tier"]], tiers)
    for upgrade in document["upgrades"]:
        effects = (effect["to"] for effect in upgrade["raises"] if "to" in effect)
        yield from _unknown(f"upgrades.{upgrade['id']}", effects, tiers)
    yield from _missing_in_clocks("", document, tiers)


def _missing_in_clocks(path: str, rules: Mapping[str, Any], tiers: set[str]) -> Iterator[str]:
    for kind, clock in rules["clocks"].items():
        where = f"{path}clocks.{kind}"
        yield from _unknown(where, (choice["use"] for choice in clock["ladder"]), set(rules["ladders"]))
        yield from _unknown(where, [clock.get("calendar", "office")], set(rules["calendars"]))
        for choice in (*clock["due"], *clock["ladder"]):
            yield from _unknown(where, choice.get("tiers", ()), {*tiers, "none"})


def _missing_in_offices(document: Mapping[str, Any]) -> Iterator[str]:
    """An office is of a county the pack has, and changes clocks that the jurisdiction has too."""
    for office, own in document.get("offices", {}).items():
        county = [own["county"]] if "county" in own else []
        yield from _unknown(f"offices.{office}", county, set(document.get("counties", {})))
    for where, rules in own_rules(document).items():
        yield from _unknown(where, rules["clocks"], set(document["clocks"]))
        yield from _missing_in_clocks(f"{where}.", rules, set(document["tiers"]))


def _sentences(document: Mapping[str, Any]) -> Iterator[str]:
    for name, sentence in document["sentences"].items():
        try:
            parts = [part for part in Formatter().parse(sentence) if part[1] is not None]
        except ValueError as error:
            yield f"sentences.{name} cannot be filled in: {error}"
            continue
        yield from _unknown(f"sentences.{name}", (part[1] for part in parts), _PLACES.get(name, _PLACES_OF_A_FACT))
        if any(form or conversion for _, _, form, conversion in parts):
            yield f"sentences.{name} says how a value is written: only names in braces are filled in"


def _repeated_ids(path: str, entry: Any) -> Iterator[str]:
    """Ids written twice in one list, whichever it is: only one of the two would count."""
    if isinstance(entry, Mapping):
        for key, value in entry.items():
            yield from _repeated_ids(f"{path}.{key}" if path else str(key), value)
    elif isinstance(entry, list):
        ids = [item["id"] for item in entry if isinstance(item, Mapping) and "id" in item]
        yield from _twice(path, ids)
        for number, item in enumerate(entry):
            named = isinstance(item, Mapping) and "id" in item
            yield from _repeated_ids(f"{path}.{item['id'] if named else number}", item)


def _repeated_names(document: Mapping[str, Any]) -> Iterator[str]:
    """Names that stand for two things in the conditions of a child, or of the report: a value would hide another."""
    ids = {entry: [item["id"] for item in document[entry]] for entry in _NAMED}
    asked = [*ids["criteria"], *document["families"], "criterion", *ids["report_facts"]]
    counted = [f"{item['id']}_unknown" for item in document["child_facts"] if "integer" in item]
    # A derived fact may sharpen the one it is named after.
    derived = [name for name in ids["derived"] if name not in ids["child_facts"]]
    yield from _twice(
        "what a child's conditions read",
        [*asked, *ids["child_facts"], *counted, *derived, "danger_now", "danger_now_unknown"],
    )
    lines = [line["id"] for tree in document["trees"] for line in tree["lines"]]
    results = {item["result"] for item in document["screening"]} | {
        item["reason"] for item in document["screening"] if "reason" in item
    }
    yield from _twice(
        "what the report's conditions read",
        [*asked, *ids["any_child"], *lines, *document["tiers"], *results, *ids["tasks"]],
    )


def _twice(where: str, names: Sequence[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{where}: {name} is there {times} times"


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
        try:
            first, then = pack.clock(kind, urgent, office), pack.clock(kind, lesser, office)
        except ClockUndefined as missing:
            yield f"offices.{office}: {missing.message}"
            return
        for received_at in _RECEIPTS:
            if due_at(first, received_at) > due_at(then, received_at):
                yield f"clocks.{kind}: {urgent} is due later than {lesser} when received {received_at.isoformat()}"
                break


def receipts() -> int:
    """How many receipts each clock is tried on."""
    return len(_RECEIPTS)
