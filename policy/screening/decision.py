"""What screening answers: the recommendation, with all that it rests on. A named person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policy.canonical import canonical_plain
from policy.packs import PackRef


@dataclass(frozen=True, slots=True)
class ChildDecision:
    """One child: its tier (None without a criterion) and every line that matched, such as `PA:P7`, in table order."""

    id: str
    tier: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact nobody could tell, or was asked, and the value it was read as; `child` is None for the report's."""

    child: str | None
    fact: str
    resolved: str | int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The recommendation for one report; the same facts and pack give it byte for byte the same (R029-R033).

    `screening` is SCREEN_IN or SCREEN_OUT with its `reason`; `tier_tree` is the trees' tier and `tier` the one after
    upgrades, both None if nothing is alleged. `incomplete` are paths of facts that were not asked but may wait, because
    the child is in danger now. `due` holds the clocks that count from receipt.
    """

    pack: PackRef
    evaluator: str
    facts_sha256: str
    screening: str
    reason: str | None
    tier_tree: str | None
    tier: str | None
    children: tuple[ChildDecision, ...]
    upgrades: tuple[str, ...]
    tasks: tuple[str, ...]
    cross_reports: tuple[str, ...]
    incomplete: tuple[str, ...]
    due: Mapping[str, datetime]
    unknowns: tuple[Unknown, ...]
    explanation: tuple[str, ...]

    def canonical(self) -> bytes:
        """The decision in RFC 8785 form: what is recorded, printed and replayed."""
        return canonical_plain(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """The decision as JSON holds it."""
        return {
            "pack": {"id": self.pack.id, "version": self.pack.version, "sha256": self.pack.sha256},
            "evaluator": self.evaluator,
            "facts_sha256": self.facts_sha256,
            "screening": self.screening,
            "reason": self.reason,
            "tier_tree": self.tier_tree,
            "tier": self.tier,
            "children": [{"id": child.id, "tier": child.tier, "lines": list(child.lines)} for child in self.children],
            "upgrades": list(self.upgrades),
            "tasks": list(self.tasks),
            "cross_reports": list(self.cross_reports),
            "incomplete": list(self.incomplete),
            "due": {kind: at.isoformat() for kind, at in self.due.items()},
            "unknowns": [{"child": item.child, "fact": item.fact, "resolved": item.resolved} for item in self.unknowns],
            "explanation": list(self.explanation),
        }
