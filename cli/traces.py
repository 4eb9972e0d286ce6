"""The traces of a trace store that is read as Jaeger's own pages read it: `GET <store>/api/traces/<id>`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from pydantic import HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict

_TIMEOUT = 10.0


class TraceSettings(BaseSettings):
    """Where traces can be seen: HOTLINE_TRACES_URL, e.g. http://jaeger:16686."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_ignore_empty=True, frozen=True)

    traces_url: HttpUrl | None = None

    def page(self, trace_id: str) -> str | None:
        """The page on which a person sees the trace."""
        return f"{self._base()}/trace/{trace_id}" if self.traces_url else None

    def call(self, trace_id: str) -> str:
        """The address of its spans."""
        return f"{self._base()}/api/traces/{trace_id}"

    def _base(self) -> str:
        return str(self.traces_url).rstrip("/")


class StoreUnreachable(Exception):
    """The trace store does not answer, or not as a trace store does."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in a service: the operation, the reason by its code, from when to when, and how often."""

    service: str
    operation: str
    reason: str
    first: datetime
    last: datetime
    times: int


def failures(settings: TraceSettings, trace_ids: Iterable[str]) -> list[Failure]:
    """What failed in these traces, by its first time; a trace that the store no longer has tells nothing."""
    times: dict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    for trace_id in trace_ids:
        for trace in _fetched(settings.call(trace_id)):
            for span in trace["spans"]:
                tags = {tag["key"]: tag["value"] for tag in span["tags"]}
                if tags.get("error") in (True, "true"):
                    service = trace["processes"][span["processID"]]["serviceName"]
                    times[service, span["operationName"], _reason(tags)].append(_ended(span))
    found = [Failure(*what, min(at), max(at), len(at)) for what, at in times.items()]
    return sorted(found, key=lambda failure: failure.first)


def _fetched(address: str) -> list[dict[str, Any]]:
    try:
        # The scheme is http or https: the setting is an HttpUrl.
        with urlopen(address, timeout=_TIMEOUT) as answer:  # noqa: S310
            traces: list[dict[str, Any]] = json.load(answer)["data"]
            return traces
    except HTTPError as problem:
        if problem.code == 404:
            return []
        raise StoreUnreachable(f"{address} answers {problem.code}") from problem
    except (OSError, ValueError, KeyError) as problem:
        raise StoreUnreachable(f"{address} does not answer: {type(problem).__name__}") from problem


def _reason(tags: Mapping[str, Any]) -> str:
    return str(tags.get("hotline.reason") or tags.get("otel.status_description") or "it failed")


def _ended(span: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp((span["startTime"] + span["duration"]) / 1_000_000, UTC)
