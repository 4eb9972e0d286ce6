"""SQL stays SQL: statements live in `.sql` files beside their store, and are called by name."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)


class Queries:
    """Named statements: `queries.<name>` is the text of one."""

    def __init__(self, statements: dict[str, str], origin: Path) -> None:
        self._statements = statements
        self._origin = origin

    @classmethod
    def load(cls, folder: Path) -> Queries:
        """Read every `*.sql` of a folder. A file is one statement of its name, or sections that begin `-- name: x`."""
        statements: dict[str, str] = {}
        files = sorted(folder.glob("*.sql"))
        if not files:
            raise FileNotFoundError(f"no .sql file in {folder}")
        for file in files:
            for name, text in _sections(file):
                if name in statements:
                    raise ValueError(f"the query {name!r} stands twice in {folder}, the second time in {file.name}")
                statements[name] = text
        return cls(statements, folder)

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(
                f"no query {name!r} in {self._origin}: add `-- name: {name}` to one of its files"
            ) from None


def _sections(file: Path) -> list[tuple[str, str]]:
    text = file.read_text(encoding="utf-8")
    marks = list(_NAME.finditer(text))
    if not marks:
        return [(file.stem, text.strip())]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [(mark["name"], text[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True)]


chassis_queries = Queries.load(Path(__file__).with_name("queries"))
"""The chassis' own statements."""
