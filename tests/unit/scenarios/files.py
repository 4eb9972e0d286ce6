"""Scenario files for tests: a small right one, and variations of it."""

from __future__ import annotations

from pathlib import Path

RIGHT = """\
name: one-call
pack: seed-default
office: north
staff:
  ida: {name: Ida Holmqvist, roles: [INTAKE_SPECIALIST], supervisor: nora}
  nora: {name: Nora Brandt, roles: [SUPERVISOR]}
contacts:
  - id: asks-for-a-call
    at: 2s
    channel: VOICE
    callback: {urgent: true, to: ida}
    people:
      - {who: ida, does: attempt, promise: CALLBACK_URGENT, outcome: REACHED, when: told of CALLBACK_URGENT}
    expect:
      promises:
        CALLBACK_URGENT: {is: MET, told: [ida@owner], kept_by: ida}
"""


def written(folder: Path, text: str = RIGHT) -> Path:
    """A scenario file with this text."""
    path = folder / "shift.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(old: str, new: str) -> str:
    """The right scenario with one thing changed; the thing must be there, exactly once."""
    assert RIGHT.count(old) == 1, f"{old!r} stands {RIGHT.count(old)} times in the scenario"
    return RIGHT.replace(old, new)
