"""Writes docs/product/requirements.md: which requirement is shown to work by which tests.

A requirement works when a test names it: `R081` in the docstring of a test, or of the file it stands in.

    python -m tools.requirements            write the page
    python -m tools.requirements --check    exit code 1 if the page is not what the tests say
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "product" / "requirements.md"
# R041, or a span as in R082-R085.
_NUMBER = re.compile(r"\bR(\d{3})(?:-R?(\d{3}))?\b")
_HEAD = """# Requirements that work

Each row names a test that shows a requirement to work; a requirement without a row is not claimed. This page is made
from the tests by `make requirements`, and `make test` fails where the two differ.

| requirement | what is shown | where |
|---|---|---|
"""


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; answers the exit code."""
    page = _page(_shown())
    if "--check" not in arguments:
        PAGE.write_text(page)
        return 0
    if PAGE.exists() and PAGE.read_text() == page:
        return 0
    print(f"{PAGE.relative_to(ROOT)} is not what the tests say: run `make requirements`", file=sys.stderr)
    return 1


def _page(shown: Mapping[str, list[tuple[str, str]]]) -> str:
    rows = [f"| {number} | {what} | `{where}` |" for number in sorted(shown) for what, where in shown[number]]
    return _HEAD + "\n".join(rows) + "\n"


def _shown() -> dict[str, list[tuple[str, str]]]:
    """For each requirement, what its tests are called and the files they stand in."""
    shown: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(file.read_text())
        where = str(file.relative_to(ROOT))
        for number in _named(ast.get_docstring(tree)):
            shown[number].append((_sentence(file.stem), where))
        for test in ast.walk(tree):
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) and test.name.startswith("test_"):
                for number in _named(ast.get_docstring(test)):
                    shown[number].append((_sentence(test.name), where))
    return shown


def _named(docstring: str | None) -> Iterator[str]:
    for first, last in _NUMBER.findall(docstring or ""):
        for number in range(int(first), int(last or first) + 1):
            yield f"R{number:03}"


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
