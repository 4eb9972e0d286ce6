"""JSON lines on stderr with the trace's ids; only fields of the telemetry schema are written: no personal data slips
through.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog
from opentelemetry import trace

from chassis.schema import SCHEMA


def setup(service: str) -> None:
    """Send structlog's and the standard library's records through the same allow-list, as JSON lines on stderr."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _say_where_it_broke,
        _add_trace,
        lambda _logger, _name, event: {"service": service, **event},
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, _without_arguments, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                keep_declared,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("hotline").setLevel(logging.INFO)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The log of one part; `name` is the part's, e.g. `relay`."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(f"hotline.{name}")
    return bound


def keep_declared(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not declared, and say which were dropped, never what they held."""
    dropped = sorted(set(event) - SCHEMA.logs)
    kept: dict[str, Any] = {name: value for name, value in event.items() if name in SCHEMA.logs}
    if dropped:
        kept["dropped_fields"] = dropped
    return kept


def _without_arguments(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Of a library's message its own words: arguments, and what asyncio puts on the lines below, may quote a row.
    event["event"] = str(event["_record"].msg).partition("\n")[0]
    return event


def _say_where_it_broke(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # An exception's text may quote a row or a request; its type and the places in the code cannot.
    info = event.pop("exc_info", None)
    problem = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(problem, BaseException):
        frames = traceback.extract_tb(problem.__traceback__)
        event["exception"] = type(problem).__name__
        event["where"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return event


def _add_trace(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event
