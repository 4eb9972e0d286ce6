"""Which statements of a migration leave the former release as it was: an allow-list; whatever is not on it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|(\$\w*\$).*?\1|[(),;]|[^\s(),;'$-]+|[-$]", re.DOTALL)
_MARK = re.compile(r"--\s*contract:\s*unused since (\d+\.\d+\.\d+)\s*$")
_NAME = r'("?[\w.]+"?)'

_ADDS = (
    rf"CREATE (?:TABLE|SCHEMA|TYPE|SEQUENCE|VIEW|FUNCTION|DOMAIN) {_NAME}",
    rf"CREATE INDEX (?:CONCURRENTLY )?{_NAME} ON ",
    rf"DROP INDEX (?:CONCURRENTLY )?{_NAME}$",
    rf"COMMENT ON |GRANT |INSERT INTO {_NAME} |UPDATE {_NAME} SET ",
)
"""What only adds, or gives up what no statement names. An update fills what has just been added: look at it."""
_TIGHTENS_ITS_TABLE = (
    rf"CREATE UNIQUE INDEX (?:CONCURRENTLY )?{_NAME} ON (?P<table>[\w.]+)",
    rf"CREATE (?:CONSTRAINT )?TRIGGER {_NAME} .* ON (?P<table>[\w.]+)",
)
"""What the former release may run into, unless the table is new to it."""
_LOOSENS = (
    r"DROP CONSTRAINT (?:IF EXISTS )?\w+$",
    r"ALTER (?:COLUMN )?\w+ DROP NOT NULL$",
    r"ALTER (?:COLUMN )?\w+ SET DEFAULT ",
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, its words parted by single spaces; `unused_since` is the release named in a contract mark."""

    text: str
    unused_since: str | None


def problems(file: Path, current: str) -> list[str]:
    """What the release before `current` would not survive in a migration, a line for each statement."""
    statements = list(_statements(file.read_text(encoding="utf-8")))
    new = {match[1] for one in statements if (match := re.match(rf"CREATE TABLE {_NAME}", one.text))}
    return [f"{file.name}: {reason}: {one.text[:100]}" for one in statements if (reason := _problem(one, new, current))]


def _problem(statement: Statement, new: set[str], current: str) -> str:
    if statement.unused_since:
        # The release that stopped using it must be out already: it is the one that runs beside this one.
        out = _release(statement.unused_since) < _release(current)
        return "" if out else f"{statement.unused_since} is not out yet, and what runs beside {current} still uses it"
    text = statement.text
    if any(re.match(form, text) for form in _ADDS):
        return ""
    for form in _TIGHTENS_ITS_TABLE:
        if match := re.match(form, text):
            return "" if match["table"] in new else "the former release may write what this refuses"
    if match := re.match(rf"ALTER TABLE (?:ONLY )?{_NAME} (.*)", text):
        if match[1] in new:
            return ""
        unsafe = [action for action in _actions(match[2]) if not _is_safe(action)]
        return f"takes away or demands ({unsafe[0]})" if unsafe else ""
    return "does not only add"


def _is_safe(action: str) -> bool:
    if action.startswith("ADD COLUMN "):
        # A row of the former release does not name it.
        return "NOT NULL" not in action or " DEFAULT " in action or "GENERATED" in action
    return any(re.match(form, action) for form in _LOOSENS)


def _actions(text: str) -> Iterator[str]:
    """What an ALTER TABLE does, action by action."""
    depth, action = 0, ""
    for token in text.split(" "):
        depth += token.count("(") - token.count(")")
        if token == "," and depth == 0:
            yield action.strip()
            action = ""
        else:
            action += f" {token}"
    yield action.strip()


def _statements(sql: str) -> Iterator[Statement]:
    words: list[str] = []
    mark: str | None = None
    for match in _TOKEN.finditer(sql):
        token = match[0]
        if token.startswith("--") and len(token) > 1:
            if found := _MARK.match(token):
                mark = found[1]
        elif token == ";":
            yield Statement(" ".join(words), mark)
            words, mark = [], None
        else:
            words.append("$$" if match[1] else token)
    if words:
        yield Statement(" ".join(words), mark)


def _release(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
