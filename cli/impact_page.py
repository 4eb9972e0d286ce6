"""The impact of another pack as one HTML page that needs nothing else: to be mailed, printed, and read aloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from cli.plots import Pair, opposed_bars, paired_bars
from policy.impact import DIMENSIONS, REFUSED, Effect, Impact, Part, counted, percent

_PLOTTED = 12
"""Groups in a plot, the largest; the table under it has all."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #767676; --soft: #f0f2f4;
  --more: #0b5cad; --less: #b35c00; --before: #8a94a0; --after: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --paper: #16181b; --line: #9a9a9a; --soft: #23272c;
  --more: #6fb1f5; --less: #f0a04b; --before: #7d8894; --after: #6fb1f5; } }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem;
  margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; white-space: nowrap; }
th, td { border: 1px solid var(--line); padding: .25rem .6rem; text-align: right; white-space: nowrap; }
th[scope=row], thead th:first-child { text-align: left; }
th[scope=colgroup] { text-align: center; }
thead th { background: var(--soft); }
td.same { background: var(--soft); } td.more { box-shadow: inset 4px 0 var(--more); }
td.less { box-shadow: inset 4px 0 var(--less); } td.none { color: var(--line); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
@media print { svg, table { break-inside: avoid; } h2, h3 { break-after: avoid; } }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .4rem; }
  caption { white-space: normal; } }
svg { width: 100%; height: auto; font: 13px system-ui, sans-serif; } svg text { fill: var(--ink); }
svg .axis { stroke: var(--line); } .more { fill: var(--more); } .less { fill: var(--less); }
.before { fill: var(--before); } .after { fill: var(--after); }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>{style}</style></head>
<body><main>
{body}
</main></body>
</html>
"""

_COLUMNS: Mapping[str, Mapping[str, Effect]] = {
    "decisions": {"all": Effect.DECISIONS, "changed": Effect.CHANGED},
    "urgency": {"more": Effect.MORE_URGENT, "less": Effect.LESS_URGENT},
    "screened in": {"before": Effect.SCREENED_IN_BEFORE, "after": Effect.SCREENED_IN_AFTER},
    "first contacts": {
        "added": Effect.CONTACTS_ADDED,
        "saved": Effect.CONTACTS_SAVED,
        "sooner": Effect.CONTACTS_SOONER,
        "later": Effect.CONTACTS_LATER,
    },
}
"""The columns of the tables of groups, under what they tell of."""


@dataclass(frozen=True, slots=True)
class _Opposed:
    """What a plot sets against each other; a decision counts on one side at most."""

    names: tuple[str, str]
    left: tuple[Effect, ...]
    right: tuple[Effect, ...]


_URGENCY = _Opposed(("less urgent", "more urgent"), (Effect.LESS_URGENT,), (Effect.MORE_URGENT,))
_CONTACTS = _Opposed(
    ("saved or later", "added or sooner"),
    (Effect.CONTACTS_SAVED, Effect.CONTACTS_LATER),
    (Effect.CONTACTS_ADDED, Effect.CONTACTS_SOONER),
)
_TITLES = {
    "county": "By county (its office, where no county is known)",
    "channel": "By channel",
    "language": "By language",
    "reporter": "By class of reporter",
}


def page(impact: Impact) -> str:
    """The page, in English, whole in itself."""
    after = f"{impact.after.id} {impact.after.version}"
    parts = (
        f"<h1>What {escape(after)} would have decided</h1>",
        _summary(impact),
        _responses(impact),
        _moves(impact),
        *(_groups(impact, dimension) for dimension in DIMENSIONS),
        "<h2>How to read this</h2><p>Decisions of the past were made again by the pack that made them, byte for byte, "
        "and by the other pack. A response is the tier of a report that is screened in, or SCREEN_OUT; REFUSED means "
        "that the other pack cannot screen the facts that were asked then. The pack recommends; what people decided "
        "is not part of this. Ranges in brackets are 95 % intervals: a small group tells little.</p>",
    )
    return _PAGE.format(title=f"Impact of {escape(after)}", style=_STYLE, body="\n".join(parts))


def _summary(impact: Impact) -> str:
    figures = counted(impact.effects)
    low, high = figures["changed_percent_interval"]
    changing = [f"{_said(part)} in {impact.parts[part]:,}" for part in Part if impact.parts[part]]
    made_by = ", ".join(
        f"{ref.id} {ref.version} ({count:,}; {ref.sha256[:12]})"
        for ref, count in sorted(impact.before.items(), key=str)
    )
    entries = {
        "The other pack": f"{impact.after.id} {impact.after.version}, SHA-256 {impact.after.sha256}",
        "Recorded under": made_by or "nothing",
        "Decisions that change": f"{figures['changed']:,} of {figures['decisions']:,}, "
        f"{figures['changed_percent']} % ({low} to {high})",
        "What changes in them": ", ".join(changing) or "nothing",
        "First contacts": f"{figures['contacts_added']:,} added, {figures['contacts_saved']:,} saved, "
        f"{figures['contacts_sooner']:,} due sooner, {figures['contacts_later']:,} due later",
    }
    if impact.refusals:
        entries["Refused"] = ", ".join(f"{count:,} with {code}" for code, count in sorted(impact.refusals.items()))
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in entries.items()) + "</dl>"


def _responses(impact: Impact) -> str:
    rows = impact.rows()
    pairs = [
        Pair(
            row,
            sum(count for (before, _), count in impact.moves.items() if before == row),
            sum(count for (_, after), count in impact.moves.items() if after == row),
        )
        for row in rows
    ]
    return "<h2>Responses</h2>" + paired_bars(
        "Responses before and after", ("as recorded", "under the other pack"), pairs
    )


def _moves(impact: Impact) -> str:
    rows = impact.rows()
    body = []
    for i, before in enumerate(rows):
        cells = [_move(impact, rows, i, j) for j in range(len(rows))]
        total = sum(impact.moves[before, after] for after in rows)
        body.append(f'<tr><th scope="row">{escape(before)}</th>{"".join(cells)}<td>{total:,}</td></tr>')
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in (*rows, "all"))
    return (
        "<table><caption>Moves: each row is what was recorded, each column what the other pack makes of it. "
        "&#9650; is more urgent, &#9660; less.</caption>"
        f'<thead><tr><th scope="col">recorded</th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'
        f"{_examples(impact)}"
    )


def _move(impact: Impact, rows: Sequence[str], i: int, j: int) -> str:
    count = impact.moves[rows[i], rows[j]]
    if i == j:
        return f'<td class="same">{count:,}</td>'
    if not count:
        return '<td class="none">0</td>'
    if REFUSED in (rows[i], rows[j]):
        return f"<td>{count:,}</td>"
    kind, sign = ("more", "&#9650;") if j < i else ("less", "&#9660;")
    return f'<td class="{kind}">{sign} {count:,}</td>'


def _examples(impact: Impact) -> str:
    items = "".join(
        f"<li>{escape(before)} to {escape(after)}: {escape(', '.join(reports))}</li>"
        for (before, after), reports in sorted(impact.examples.items())
    )
    return f"<details><summary>Some reports of each move</summary><ul>{items}</ul></details>" if items else ""


def _groups(impact: Impact, dimension: str) -> str:
    groups = impact.values(dimension)
    urgency = _plot(groups, f"Responses, by {dimension}", _URGENCY)
    contacts = _plot(groups, f"First contacts, by {dimension}", _CONTACTS)
    return f"<h2>{_TITLES[dimension]}</h2>{urgency}{contacts}{_table(dimension, groups)}"


def _plot(groups: Sequence[tuple[str, Mapping[Effect, int]]], title: str, opposed: _Opposed) -> str:
    pairs = [
        Pair(_sized(value, of), _percent_of(of, opposed.left), _percent_of(of, opposed.right))
        for value, of in groups[:_PLOTTED]
    ]
    if not any(pair.first or pair.second for pair in pairs):
        return f"<p>{title}: none is {opposed.names[0]} or {opposed.names[1]}.</p>"
    return f"<h3>{title}, % of decisions</h3>{opposed_bars(title, opposed.names, pairs)}"


def _sized(value: str, effects: Mapping[Effect, int]) -> str:
    """A group with its size: a long bar of a small group tells little."""
    return f"{value} ({effects[Effect.DECISIONS]:,})"


def _percent_of(effects: Mapping[Effect, int], wanted: Iterable[Effect]) -> float:
    return percent(sum(effects[effect] for effect in wanted), effects[Effect.DECISIONS])


def _share(effects: Mapping[Effect, int]) -> str:
    figures = counted(effects)
    low, high = figures["changed_percent_interval"]
    return f"{figures['changed_percent']} ({low} to {high})"


def _table(dimension: str, groups: Sequence[tuple[str, Mapping[Effect, int]]]) -> str:
    over = "".join(
        f'<th scope="colgroup" colspan="{len(columns)}">{escape(group)}</th>' for group, columns in _COLUMNS.items()
    )
    under = "".join(f'<th scope="col">{escape(name)}</th>' for columns in _COLUMNS.values() for name in columns)
    body = "".join(_row(value, effects) for value, effects in groups)
    return (
        f'<table><thead><tr><th scope="col" rowspan="2">{dimension}</th>{over}'
        f'<th scope="col" rowspan="2">changed, % (95 %)</th></tr><tr>{under}</tr></thead><tbody>{body}</tbody></table>'
    )


def _row(value: str, effects: Mapping[Effect, int]) -> str:
    figures = [f"{effects[effect]:,}" for columns in _COLUMNS.values() for effect in columns.values()]
    cells = "".join(f"<td>{figure}</td>" for figure in (*figures, _share(effects)))
    return f'<tr><th scope="row">{escape(value)}</th>{cells}</tr>'


def _said(part: Part) -> str:
    return part.value.replace("_", " ")
