"""What a change of a pack alters: the entries that differ, and over all combinations the tiers that move (R109)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.packs import Pack
from policy.screening.combinations import Conditions, shown
from policy.screening.compiling import rules_of
from policy.screening.rules import Rules

_READ_BY_TREES = ("criteria", "report_facts", "child_facts", "derived", "tiers")


def changed_entries(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """One line for each entry that was added, removed or changed, by its path."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in (*before, *(key for key in after if key not in before)):
            where = f"{path}.{key}" if path else str(key)
            if key not in after:
                yield f"removed  {where}: {before[key]}"
            elif key not in before:
                yield f"added    {where}: {after[key]}"
            else:
                yield from changed_entries(before[key], after[key], where)
    elif _has_ids(before) and _has_ids(after):
        yield from changed_entries(_by_id(before), _by_id(after), path)
        if list(_by_id(before)) != list(_by_id(after)) and _by_id(before).keys() == _by_id(after).keys():
            yield f"reordered {path}: {', '.join(_by_id(after))}"
    else:
        yield f"changed  {path}: {before} becomes {after}"


def changed_tiers(before: Pack, after: Pack) -> Iterator[str]:
    """For each tree both packs have: how many of all combinations move from one tier to another, each with an example.

    Counts of combinations, not of reports: how often each occurs, only a replay of recorded decisions can tell.
    """
    old, new = rules_of(before), rules_of(after)
    if any(before.document[entry] != after.document[entry] for entry in _READ_BY_TREES):
        yield "the facts differ, so that combinations cannot be compared: replay recorded decisions instead"
        return
    for family in old.trees:
        yield from _moves(old, new, family)


def _moves(old: Rules, new: Rules, family: str) -> Iterator[str]:
    trees = old.trees[family], new.trees[family]
    conditions = Conditions(old, (line.when for tree in trees for line in tree))
    size = conditions.space.size
    for was, before in conditions.by_tier(trees[0]).items():
        for becomes, after in conditions.by_tier(trees[1]).items():
            if was != becomes and (moved := before & after):
                example = shown(conditions.space.first(moved))
                count = f"{moved.bit_count():,} of {size:,} combinations"
                yield f"tree {family}: {old.tiers[was]} becomes {new.tiers[becomes]} in {count}, such as {example}"


def _has_ids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) and "id" in item for item in value)


def _by_id(items: Any) -> dict[str, Any]:
    return {item["id"]: item for item in items}
