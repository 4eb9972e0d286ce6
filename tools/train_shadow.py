"""Train the shadow slot's baseline on invented reports, and report whom it fails.

    python -m tools.train_shadow            writes baseline.json beside the model, and the disparity report
    python -m tools.train_shadow --check    says whether both are what this program makes

A logistic regression with a ridge penalty, fitted feature by feature (each step is Newton's for that one weight), its
weights rounded to whole points. No library: it is forty lines, and gives the same points on every machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import exp
from pathlib import Path

from policy.intervals import Interval
from services.triage.shadow.disparity import THRESHOLD, Group, Scored, Share, disparity, group, ranking
from services.triage.shadow.model import BASELINE, FEATURES, POINTS_PER_LOGIT, Facts, Model, PointsTable, features
from tools.invented_reports import Invented, invented

REPORTS = 12_000
TRAINED_ON, TESTED_ON = 2026, 2027
"""The seeds of the invented reports it learns from, and of others on which it is tested."""

REPORT = Path(__file__).resolve().parents[1] / "docs" / "product" / "model-disparity.md"

_RIDGE = 5.0
_ROUNDS = 25
_LONGEST_STEP = 1.0
_DIMENSIONS = {
    "reporter": "class of reporter",
    "channel": "channel",
    "language": "language",
    "age": "age of the youngest child",
}


def train(reports: Iterable[Invented]) -> PointsTable:
    """The points table that fits these reports; features that earn no point are left out."""
    examples = [(frozenset(features(report.facts)), report.unsafe) for report in reports]
    base, weights = _fit([names for names, _ in examples], [float(unsafe) for _, unsafe in examples])
    points = {name: round(POINTS_PER_LOGIT * weight) for name, weight in weights.items()}
    earned = {name: value for name, value in points.items() if value}
    return PointsTable("baseline", "1.0.0", round(POINTS_PER_LOGIT * base), earned)


def _fit(rows: Sequence[frozenset[str]], found: Sequence[float]) -> tuple[float, Mapping[str, float]]:
    members = {name: [index for index, row in enumerate(rows) if name in row] for name in FEATURES}
    weights, base, logits = dict.fromkeys(FEATURES, 0.0), 0.0, [0.0] * len(rows)
    for _ in range(_ROUNDS):
        base += _step(range(len(rows)), logits, found, 0.0, 0.0)
        for name, where in members.items():
            weights[name] += _step(where, logits, found, weights[name], _RIDGE)
    return base, weights


def _step(where: Sequence[int], logits: list[float], found: Sequence[float], weight: float, ridge: float) -> float:
    """Move one weight toward its best value, and the logits of the rows that have the feature with it."""
    slope, curve = ridge * weight, ridge
    for index in where:
        expected = 1 / (1 + exp(-logits[index]))
        slope += expected - found[index]
        curve += expected * (1 - expected)
    step = max(-_LONGEST_STEP, min(_LONGEST_STEP, -slope / curve)) if curve else 0.0
    for index in where:
        logits[index] += step
    return step


def scored(model: Model, reports: Iterable[Invented]) -> Iterator[Scored]:
    """Each report with its score and its groups."""
    for report in reports:
        groups = {
            "reporter": report.facts["report"]["reporter"],
            "channel": report.channel,
            "language": report.language,
            "age": age_group(report.facts),
        }
        yield Scored(model.score(report.facts), report.unsafe, groups)


def age_group(facts: Facts) -> str:
    """The age of the youngest child, in the groups of the report."""
    ages = [child["facts"]["age_months"] for child in facts["children"]]
    known = [age for age in ages if isinstance(age, int)]
    if not known:
        return "unknown"
    years = min(known) // 12
    return next((name for below, name in ((1, "under 1"), (6, "1 to 5"), (12, "6 to 11")) if years < below), "12 to 17")


def disparity_report(model: Model, items: Sequence[Scored]) -> str:
    """The report as a page."""
    everyone = group("all", list(items))
    tables = [_table("All", (everyone,))]
    tables += [_table(f"By {_DIMENSIONS[name]}", groups) for name, groups in disparity(items).items()]
    made = model.identity
    return (
        f"# Whom the shadow model would fail\n\n"
        f"Made by `python -m tools.train_shadow`; not to be edited. Model {made.name} {made.version}, parameters "
        f"`{made.sha256[:12]}`, tested on\n{len(items):,} invented reports it was not trained on. The figures show how "
        f"such a report reads, and say nothing about real families.\n\n"
        f"An unsafe report scores higher than a safe one in {100 * ranking(items):.0f} of 100 pairs. *Missed*: unsafe, "
        f"with a score below {THRESHOLD}; *alarmed*: safe,\nwith a score of {THRESHOLD} or more; both with 95 % "
        f"intervals. The mean score should be near the share found unsafe.\n\n" + "\n".join(tables)
    )


def _table(title: str, groups: Iterable[Group]) -> str:
    rows = "".join(
        f"| {of.value} | {of.unsafe.total:,} | {_percent(of.unsafe)} | {100 * of.expected:.1f} % "
        f"| {_percent(of.missed)} {_within(of.missed)} | {_percent(of.alarmed)} {_within(of.alarmed)} |\n"
        for of in groups
    )
    head = "| group | reports | found unsafe | mean score | missed | alarmed |\n|---|---|---|---|---|---|\n"
    return f"## {title}\n\n{head}{rows}"


def _percent(share: Share) -> str:
    return f"{100 * share.count / share.total:.1f} %" if share.total else "none"


def _within(share: Share) -> str:
    within: Interval = share.interval
    return f"({100 * within.low:.0f} to {100 * within.high:.0f})"


def _as_text(table: PointsTable) -> str:
    return json.dumps(table.as_json(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write both files, or compare them with what they should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not what it should be")
    given = parser.parse_args()
    table = train(invented(REPORTS, TRAINED_ON))
    page = disparity_report(table, list(scored(table, invented(REPORTS, TESTED_ON))))
    made = {BASELINE: _as_text(table), REPORT: page}
    if given.check:
        stale = [file.name for file, text in made.items() if file.read_text(encoding="utf-8") != text]
        print(f"not as trained: {', '.join(stale)}" if stale else "both are as trained")
        return 1 if stale else 0
    for file, text in made.items():
        file.write_text(text, encoding="utf-8")
        print(file.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
