"""Promises, events and effects as plain JSON values: the ledger's columns, the history, the certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from pydantic import TypeAdapter

from policy.promise.events import Effect, Event
from policy.promise.state import Promise

_PROMISE = TypeAdapter(Promise)
_EVENTS: dict[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Event)}
_EFFECTS: dict[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Effect)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted event of a promise's history: the version it made, the ledger's clock, the due time it left."""

    version: int
    recorded_at: datetime
    event: Event
    effects: tuple[Effect, ...]
    due_at: datetime


def to_json(promise: Promise) -> dict[str, Any]:
    """`promise` as a JSON object; equal promises give equal objects."""
    written: dict[str, Any] = _PROMISE.dump_python(promise, mode="json")
    return written


def from_json(written: dict[str, Any]) -> Promise:
    """The promise `to_json` wrote; `pydantic.ValidationError` names the fields of anything else."""
    return _PROMISE.validate_python(written)


def event_to_json(event: Event) -> dict[str, Any]:
    """`{"event": its name, ...its values}`."""
    name = type(event).__name__
    return {"event": name, **_EVENTS[name].dump_python(event, mode="json")}


def event_from_json(written: dict[str, Any]) -> Event:
    """The event `event_to_json` wrote."""
    event: Event = _EVENTS[written["event"]].validate_python({k: v for k, v in written.items() if k != "event"})
    return event


def effect_to_json(effect: Effect) -> dict[str, Any]:
    """`{"effect": its name, ...its values}`."""
    name = type(effect).__name__
    return {"effect": name, **_EFFECTS[name].dump_python(effect, mode="json")}


def effect_from_json(written: dict[str, Any]) -> Effect:
    """The effect `effect_to_json` wrote."""
    effect: Effect = _EFFECTS[written["effect"]].validate_python({k: v for k, v in written.items() if k != "effect"})
    return effect
