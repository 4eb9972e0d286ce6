"""Calls to other services: always with a deadline, an identity, a trace, and retries while the other side is away."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from chassis import deadline, telemetry, tls
from chassis.errors import Code, Refusal

Token = Callable[[], str]

# Every mutating call carries an idempotency key, so that trying again is safe for all methods.
_SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2.5,
                # A server that ends cancels what comes in at the very moment of closing: another copy answers it.
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.2},
}
RESOLVED_AGAIN = 2.0
"""Seconds after which a name may be resolved again, once a copy has gone.

Left to itself gRPC waits for half a minute, in which every copy that it knows can have been replaced.
"""
_OPTIONS = [
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    ("grpc.keepalive_time_ms", 30_000),
    # Left to itself gRPC looks for a server that was away for long only every two minutes.
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.dns_min_time_between_resolutions_ms", int(RESOLVED_AGAIN * 1000)),
]


_CODES = {code.value: code for code in Code}


class DeadlineMissing(Exception):
    """A call was made without a timeout: a mistake in the calling code, which could hang for ever."""


def connect(address: str, token: Token) -> grpc.aio.Channel:
    """A channel to the service at `address` (`host:port[?tls=FOLDER]`); every call carries what `token` answers.

    Every call needs `timeout=` in seconds (`DeadlineMissing` otherwise); it is cut to what our own caller still waits.
    """
    interceptors = [*telemetry.client_interceptors(), _UnaryCall(token), _StreamCall(token)]
    target, folder = tls.parted(address)
    if folder is None:
        return grpc.aio.insecure_channel(target, options=_OPTIONS, interceptors=interceptors)
    return grpc.aio.secure_channel(target, tls.channel_credentials(folder), options=_OPTIONS, interceptors=interceptors)


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal:
    """The other side's refusal as it raised it, with reason, fields and metadata."""
    reason, message = error.code().name, error.details() or ""
    fields: dict[str, str] = {}
    metadata: dict[str, str] = {}
    status = rpc_status.from_call(cast(Any, error))
    for detail in status.details if status else ():
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(request):
            fields = {violation.field: violation.description for violation in request.field_violations}
    return Refusal(_CODES.get(error.code().name, Code.INTERNAL), reason, message, fields=fields, metadata=metadata)


def _prepared(details: grpc.aio.ClientCallDetails, token: Token) -> grpc.aio.ClientCallDetails:
    if details.timeout is None:
        raise DeadlineMissing(f"{details.method!r} was called without timeout=: every call has a deadline")
    metadata = grpc.aio.Metadata(*(details.metadata or ()))
    metadata.add("authorization", f"Bearer {token()}")
    return grpc.aio.ClientCallDetails(
        method=details.method,
        timeout=deadline.at_most(details.timeout),
        metadata=metadata,
        credentials=details.credentials,
        wait_for_ready=details.wait_for_ready,
    )


class _UnaryCall(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[type-arg]
    def __init__(self, token: Token) -> None:
        self._token = token

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await continuation(_prepared(client_call_details, self._token), request)


class _StreamCall(grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[type-arg]
    def __init__(self, token: Token) -> None:
        self._token = token

    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await continuation(_prepared(client_call_details, self._token), request)
