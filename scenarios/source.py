"""Reads YAML so that every value knows its line, and so that YES and NO stay the words they are.

YAML 1.1, which PyYAML reads, makes booleans of YES and NO and numbers of 12:30; a scenario means them as written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Step = str | int
Where = tuple[Step, ...]


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """What is wrong in a scenario file, and where: a line, counted from 1, and the path of the field."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.field}: {self.message}"
            if self.field
            else f"{self.file}:{self.line}: {self.message}"
        )


class ScenarioError(Exception):
    """A scenario file that cannot be played; it carries every mistake that was found."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = sorted(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


class _Words(yaml.SafeLoader):
    yaml_implicit_resolvers = {}  # noqa: RUF012  # the attribute of PyYAML's resolver, replaced whole


_Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
_Words.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^-?[0-9]+$"), list("-0123456789"))
_Words.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(?:null|)$"), ["n", ""])


@dataclass(slots=True)
class Source:
    """One file: its plain `data`, and the line on which each of its fields stands."""

    file: str
    data: Any = None
    _lines: dict[Where, int] = field(default_factory=dict)
    _mistakes: list[Mistake] = field(default_factory=list)

    def line(self, where: Sequence[Step]) -> int:
        """The line of the field, or of the nearest thing around it that stands in the file."""
        path = self._standing(where)
        return self._lines.get(path, 1)

    def mistake(self, where: Sequence[Step], message: str) -> Mistake:
        """A mistake at a field, which may be one that is missing."""
        return Mistake(self.file, self.line(where), _written(where), message)

    def stands(self, where: Sequence[Step]) -> bool:
        """Whether the file has this field."""
        return tuple(where) in self._lines

    def _standing(self, where: Sequence[Step]) -> Where:
        # Steps that the file does not have (a missing field, the tag of a union) are passed over.
        path: Where = ()
        for step in where:
            if (*path, step) in self._lines:
                path = (*path, step)
        return path

    def _plain(self, node: yaml.Node, where: Where) -> Any:
        self._lines.setdefault(where, node.start_mark.line + 1)
        match node:
            case yaml.MappingNode():
                return self._mapping(node, where)
            case yaml.SequenceNode():
                return [self._plain(item, (*where, index)) for index, item in enumerate(node.value)]
            case _:
                return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in mapping:
                line = int(key.start_mark.line) + 1
                self._mistakes.append(Mistake(self.file, line, _written((*where, name)), "stands here a second time"))
            self._lines[(*where, name)] = key.start_mark.line + 1
            mapping[name] = self._plain(value, (*where, name))
        return mapping


def read(path: Path) -> Source:
    """The file with its lines; raises ScenarioError where it is not YAML, and OSError where it cannot be read."""
    source = Source(str(path))
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Words)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = mark.line + 1 if mark else 1
        raise ScenarioError([Mistake(str(path), line, "", f"this is not YAML: {problem.problem}")]) from problem
    except UnicodeDecodeError as problem:
        raise ScenarioError([Mistake(str(path), 1, "", "this is not text in UTF-8")]) from problem
    source.data = source._plain(node, ()) if node is not None else None
    if source._mistakes:
        raise ScenarioError(source._mistakes)
    return source


def _scalar(node: yaml.Node) -> str | int | bool | None:
    text = str(node.value)
    match node.tag.rpartition(":")[2]:
        case "int":
            return int(text)
        case "bool":
            return text == "true"
        case "null":
            return None
        case _:
            return text


def _written(where: Sequence[Step]) -> str:
    text = ""
    for step in where:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
