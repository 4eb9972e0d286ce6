"""Plots as inline SVG: no script, no font and no file from outside; each says in words what it shows.

Colours and text sizes are the page's (classes `more`, `less`, `before`, `after`); nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH = 760
_LABEL = 190
_NUMBER = 60
_BAR = 18
_GAP = 10
_MARGIN = 26


@dataclass(frozen=True, slots=True)
class Pair:
    """Two figures side by side under one label."""

    label: str
    first: float
    second: float


def paired_bars(title: str, names: tuple[str, str], pairs: Sequence[Pair]) -> str:
    """For each label one bar under the other, such as before and after; `names` say which is which."""
    largest = max((max(pair.first, pair.second) for pair in pairs), default=0) or 1
    scale = (_WIDTH - _LABEL - _NUMBER) / largest
    step = 2 * _BAR + _GAP
    rows = []
    for index, pair in enumerate(pairs):
        top = _MARGIN + index * step
        rows.append(_text(_LABEL - 10, top + _BAR + 5, pair.label, "end"))
        for offset, kind, value in ((0, "before", pair.first), (_BAR, "after", pair.second)):
            rows.append(_bar(_LABEL, top + offset, value * scale, kind))
            rows.append(_text(_LABEL + value * scale + 6, top + offset + 14, f"{value:,.0f}", "start"))
    legend = f"above: {names[0]}, below: {names[1]}"
    told = "; ".join(f"{pair.label}: {pair.first:,.0f} {names[0]}, {pair.second:,.0f} {names[1]}" for pair in pairs)
    return _svg(title, legend, told, _MARGIN + len(pairs) * step, rows)


def opposed_bars(title: str, names: tuple[str, str], pairs: Sequence[Pair]) -> str:
    """For each label a bar to the left and one to the right of a middle line, in per cent of the group."""
    largest = max((max(pair.first, pair.second) for pair in pairs), default=0) or 1
    half = (_WIDTH - _LABEL) / 2 - _NUMBER
    middle, scale = _LABEL + _NUMBER + half, half / largest
    step = _BAR + _GAP
    rows = [
        f'<line class="axis" x1="{middle:.1f}" y1="{_MARGIN}" x2="{middle:.1f}" y2="{_MARGIN + len(pairs) * step}"/>'
    ]
    for index, pair in enumerate(pairs):
        top = _MARGIN + index * step
        left, right = pair.first * scale, pair.second * scale
        rows.append(_text(_LABEL - 10, top + 14, pair.label, "end"))
        rows.append(_bar(middle - left, top, left, "less"))
        rows.append(_text(middle - left - 6, top + 14, f"{pair.first:.1f} %", "end"))
        rows.append(_bar(middle, top, right, "more"))
        rows.append(_text(middle + right + 6, top + 14, f"{pair.second:.1f} %", "start"))
    legend = f"left: {names[0]}, right: {names[1]}"
    told = "; ".join(f"{pair.label}: {pair.first:.1f} % {names[0]}, {pair.second:.1f} % {names[1]}" for pair in pairs)
    return _svg(title, legend, told, _MARGIN + len(pairs) * step, rows)


def _svg(title: str, legend: str, told: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH} {height:.0f}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title><desc>{escape(told or 'nothing to show')}</desc>"
        f"{_text(_LABEL, 15, legend, 'start')}{''.join(parts)}</svg>"
    )


def _bar(x: float, y: float, width: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BAR - 2}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
