"""A running collector with the configuration that is deployed, what is sent to it, and what it sends on."""

from __future__ import annotations

import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as protocol
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as rpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from deploy.observability.generate import FOLDER
from tests.programs import running
from tests.services import free_port
from tests.waiting import waited_for

PATIENCE = 30.0
"""Seconds until what is waited for counts as lost."""


class Store(rpc.TraceServiceServicer):
    """Where the collector sends what it keeps; what came is found by the ids of its traces and of its spans."""

    def __init__(self) -> None:
        self._kept: dict[bytes, ResourceSpans] = {}
        self._arrived = threading.Condition()

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self._arrived:
            for sent in request.resource_spans:
                for span in (span for scope in sent.scope_spans for span in scope.spans):
                    self._kept |= {span.trace_id: sent, span.span_id: sent}
            self._arrived.notify_all()
        return protocol.ExportTraceServiceResponse()

    def found(self, identifier: bytes) -> ResourceSpans:
        """What came last with the id of a trace or of a span, once it has come; it must come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: identifier in self._kept, PATIENCE), "it was not kept"
            return self._kept[identifier]

    def kept(self, identifiers: Iterable[bytes]) -> set[bytes]:
        """Which of these have come so far."""
        with self._arrived:
            return set(identifiers) & set(self._kept)


class Collector:
    """The collector as those who send to it and those who fetch from it see it."""

    def __init__(self, store: Store, ports: Mapping[str, int]) -> None:
        self.store = store
        self._ports = ports

    def post(self, signal: str, request: Message) -> None:
        """Send as a process does: OTLP over HTTP."""
        address = f"http://127.0.0.1:{self._ports['http']}/v1/{signal}"
        headers = {"content-type": "application/x-protobuf"}
        with urllib.request.urlopen(urllib.request.Request(address, request.SerializeToString(), headers)):
            pass

    def figures(self, name: str) -> str:
        """What Prometheus fetches, once `name` is in it."""
        address = f"http://127.0.0.1:{self._ports['figures']}/metrics"
        return waited_for(lambda: page if name in (page := _read(address) or "") else None, within=PATIENCE)

    def is_well(self) -> bool:
        """Whether all of it is up."""
        return _read(f"http://127.0.0.1:{self._ports['health']}/status") is not None


@contextmanager
def running_collector(program: Path, folder: Path) -> Iterator[Collector]:
    """The program with the deployed file; only its addresses are others, and it decides on a trace within a second."""
    ports = {name: free_port() for name in ("store", "grpc", "http", "figures", "health")}
    changed = {
        "receivers::otlp::protocols::grpc::endpoint": f"127.0.0.1:{ports['grpc']}",
        "receivers::otlp::protocols::http::endpoint": f"127.0.0.1:{ports['http']}",
        "exporters::prometheus::endpoint": f"127.0.0.1:{ports['figures']}",
        "extensions::healthcheckv2::http::endpoint": f"127.0.0.1:{ports['health']}",
        "processors::tail_sampling::decision_wait": "1s",
        "service::telemetry::metrics::level": "none",
    }
    arguments = [
        f"--config={FOLDER / 'collector.yaml'}",
        *(f"--config=yaml:{key}: {to}" for key, to in changed.items()),
    ]
    told = {**os.environ, "TRACES_ENDPOINT": f"127.0.0.1:{ports['store']}"}
    store, log = Store(), folder / "collector.log"
    collector = Collector(store, ports)
    with _serving(store, ports["store"]), running([program, *arguments], log, collector.is_well, environment=told):
        yield collector


@contextmanager
def _serving(store: Store, port: int) -> Iterator[None]:
    server = grpc.server(ThreadPoolExecutor(2))
    rpc.add_TraceServiceServicer_to_server(store, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield
    finally:
        server.stop(grace=None).wait()


def key_values(given: Mapping[str, str]) -> list[KeyValue]:
    """Attributes as they are sent."""
    return [KeyValue(key=name, value=AnyValue(string_value=value)) for name, value in given.items()]


def values(sent: Iterable[KeyValue]) -> dict[str, str]:
    """Attributes as they are read."""
    return {attribute.key: attribute.value.string_value for attribute in sent}


def _read(address: str) -> str | None:
    try:
        with urllib.request.urlopen(address) as answer:
            return str(answer.read().decode())
    except urllib.error.URLError:
        return None
