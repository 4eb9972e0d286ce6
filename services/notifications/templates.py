"""The texts of messages: one file for each code, its first line the subject. Values are codes, references and times."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.notifications.wording import Wording

FOLDER = Path(__file__).with_name("templates")

# Known of every message, and of every time in it; the other placeholders of a text must come as values.
_OF_THE_MESSAGE = frozenset({"reference", "promise_id", "zone"})
# Codes, for which a pack may have words.
_LABELLED = frozenset({"kind", "rung", "role"})
_TIMES = frozenset({"due", "since", "begins", "until", "safe_from", "safe_until"})
# Read out letter by letter.
_SPELLED = frozenset({"reference", "code"})
# A caller may leave either side of the time that is safe open.
_MAY_BE_OPEN = frozenset({"safe_from", "safe_until"})


@dataclass(frozen=True, slots=True)
class Template:
    """One text. Times among its values are ISO times with a zone; those of a safe time may be empty."""

    subject: string.Template
    body: string.Template

    @property
    def needs(self) -> frozenset[str]:
        """The names of the values that have to be given."""
        names = {*self.subject.get_identifiers(), *self.body.get_identifiers()}
        return frozenset(names) - _OF_THE_MESSAGE


@dataclass(frozen=True, slots=True)
class Text:
    """What a person reads."""

    subject: str
    body: str


def load(folder: Path = FOLDER) -> Mapping[str, Template]:
    """Every template by its code; a file without a subject line raises."""
    templates = {}
    for file in sorted(folder.glob("*.txt")):
        subject, _, body = file.read_text(encoding="utf-8").partition("\n\n")
        if not subject.startswith("Subject: "):
            raise ValueError(f"{file.name} must begin with a line 'Subject: ...' and an empty line")
        templates[file.stem] = Template(string.Template(subject.removeprefix("Subject: ")), string.Template(body))
    return templates


def problems(template: Template, values: Mapping[str, str]) -> Mapping[str, str]:
    """What keeps these values from making the text, by field path; empty if they do."""
    found = {f"values.{name}": "is needed by this template" for name in sorted(template.needs - values.keys())}
    for name in sorted(template.needs & _TIMES & values.keys()):
        if name in _MAY_BE_OPEN and not values[name]:
            continue
        try:
            zoned = datetime.fromisoformat(values[name]).tzinfo is not None
        except ValueError:
            zoned = False
        if not zoned:
            found[f"values.{name}"] = "must be an ISO 8601 time with its zone"
    return found


def render(template: Template, values: Mapping[str, str], wording: Wording) -> Text:
    """The text with its values: codes in the pack's words, times in the office's zone."""
    words = {name: _words(name, value, wording) for name, value in values.items()} | {"zone": wording.zone.key}
    return Text(template.subject.substitute(words), template.body.substitute(words))


def texted(template: Template, values: Mapping[str, str], wording: Wording) -> str:
    """The short form for a text message: the subject, and who writes."""
    return f"Hotline: {render(template, values, wording).subject}"


def spoken(template: Template, values: Mapping[str, str], wording: Wording) -> str:
    """The short form for a call: the subject as people speak it, references letter by letter."""
    words = {name: _as_spoken(name, value, wording) for name, value in values.items()} | {"zone": wording.zone.key}
    return f"This is the hotline. {template.subject.substitute(words)}."


def _as_spoken(name: str, value: str, wording: Wording) -> str:
    if name in _TIMES and value:
        at = datetime.fromisoformat(value).astimezone(wording.zone)
        return f"{at:%A} {at.day} {at:%B} at {at:%H:%M}"
    if name in _SPELLED and value:
        return ", ".join(value.replace("-", ""))
    return _words(name, value, wording)


def _words(name: str, value: str, wording: Wording) -> str:
    if name in _MAY_BE_OPEN and not value:
        return "any time"
    if name in _TIMES:
        return datetime.fromisoformat(value).astimezone(wording.zone).strftime("%a %d %b %Y %H:%M:%S %Z")
    if name in _LABELLED:
        return wording.labels.get(value) or value.replace("_", " ").lower()
    if name == "reference":
        # A message left in somebody's box has none.
        return value or "no reference"
    return value
