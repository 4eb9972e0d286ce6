"""What happens around every call, outermost first: telemetry, errors, deadline, identity and access, validation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
import protovalidate
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from chassis import deadline, errors, logs, telemetry
from chassis.errors import Reason, Refusal
from chassis.identity import Verifier, current_actor
from chassis.metrics import Histogram
from policy.errors import Refused

DOMAIN = "hotline"
Access = Mapping[str, frozenset[str]]
"""From a full method name (`/package.Service/Method`) to the roles that may call it; no row: refused."""

# Less time than this is not worth beginning with: the answer would not arrive.
_FLOOR = 0.005
# Calls that need no identity: they tell nothing but that the service is there, and what its contract is.
_OPEN = ("/grpc.health.v1.Health/", "/grpc.reflection.v1.", "/grpc.reflection.v1alpha.")

_CODES: Mapping[Any, str] = {code: code.name for code in grpc.StatusCode} | {
    code.value[0]: code.name for code in grpc.StatusCode
}
_duration = Histogram("rpc.server.call.duration")
_log = logs.logger("server")


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the steps see it."""

    method: str
    request: Message
    context: Any


Step = Callable[[Call], AbstractAsyncContextManager[None]]


class Around(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Runs one step around each unary or response-streaming handler of ours."""

    def __init__(self, step: Step) -> None:
        self._step = step

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """The handler, with the step around it."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(_OPEN):
            return handler
        if handler.request_streaming:
            raise NotImplementedError(f"{method} streams its requests, which no call of this platform does")
        step = self._step
        serializers = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }

        async def answer(request: Any, context: Any) -> Any:
            async with step(Call(method, request, context)):
                return await handler.unary_unary(request, context)

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            async with step(Call(method, request, context)):
                async for response in handler.unary_stream(request, context):
                    yield response

        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, **serializers)
        return grpc.unary_unary_rpc_method_handler(answer, **serializers)


def interceptors(verifier: Verifier, access: Access) -> Sequence[Any]:
    """All of them, in their order."""
    steps: list[Step] = [measure, answer_errors, guard_deadline, identify(verifier, access), validate]
    return [telemetry.server_interceptor(), *(Around(step) for step in steps)]


@asynccontextmanager
async def measure(call: Call) -> AsyncIterator[None]:
    """How long the call took and how it ended, told within its span."""
    _, service, method = call.method.split("/")
    begun, code = time.perf_counter(), "OK"
    try:
        yield
    except asyncio.CancelledError:
        code = "CANCELLED"
        raise
    except BaseException:
        code = _CODES.get(call.context.code(), "UNKNOWN")
        raise
    finally:
        _duration.record(time.perf_counter() - begun, service, method, code)


@asynccontextmanager
async def answer_errors(call: Call) -> AsyncIterator[None]:
    """A refusal becomes a rich status; anything unforeseen becomes INTERNAL and tells the caller only where to look."""
    try:
        yield
    except Refusal as refusal:
        await _abort(call, refusal)
    except Refused as refused:
        await _abort(call, errors.refused_by_model(refused))
    except grpc.aio.AioRpcError as problem:
        await _abort(call, _peer_failed(problem))
    except grpc.aio.AbortError:
        raise
    except Exception:
        _log.exception("a call failed unexpectedly", method=call.method)
        trace_id = telemetry.current_trace_id() or ""
        await _abort(
            call,
            Refusal(
                errors.Code.INTERNAL,
                Reason.INTERNAL,
                "the service failed; its log says why, under the trace id",
                metadata={"trace_id": trace_id},
            ),
        )


@asynccontextmanager
async def guard_deadline(call: Call) -> AsyncIterator[None]:
    """No call without a deadline, and none begun that can no longer be answered in time."""
    remaining = call.context.time_remaining()
    if remaining is None:
        raise Refusal(
            errors.Code.INVALID_ARGUMENT, Reason.DEADLINE_REQUIRED, "set a deadline (e.g. grpcurl -max-time 10)"
        )
    if remaining < _FLOOR:
        raise Refusal(errors.Code.DEADLINE_EXCEEDED, Reason.DEADLINE_REQUIRED, "too little time is left to answer")
    deadline.begin(remaining)
    yield


def identify(verifier: Verifier, access: Access) -> Step:
    """A step that takes the actor from the call's token, and refuses who may not make this call."""

    @asynccontextmanager
    async def step(call: Call) -> AsyncIterator[None]:
        actor = verifier.verify(_token(call.context))
        allowed = access.get(call.method, frozenset())
        if not actor.roles & allowed:
            raise errors.permission_denied(
                Reason.ROLE_NOT_ALLOWED,
                f"{call.method} is open to {', '.join(sorted(allowed)) or 'nobody'}",
                method=call.method,
            )
        current_actor.set(actor)
        yield

    return step


@asynccontextmanager
async def validate(call: Call) -> AsyncIterator[None]:
    """The rules of the contract: a request that breaks one is INVALID_ARGUMENT, with the path of each field."""
    violations = protovalidate.collect_violations(call.request)
    if violations:
        found = {_path(violation.proto): violation.proto.message for violation in violations}
        raise Refusal(
            errors.Code.INVALID_ARGUMENT,
            Reason.INVALID_REQUEST,
            f"the request breaks the rules of its contract: {', '.join(sorted(found))}",
            fields=found,
        )
    yield


def to_status(refusal: Refusal) -> Any:
    """A refusal as a gRPC status with `ErrorInfo`, and `BadRequest` if it names fields."""
    status = status_pb2.Status(code=code_pb2.Code.Value(refusal.code.value), message=refusal.message)
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=refusal.reason, domain=DOMAIN, metadata=refusal.metadata)
    ]
    if refusal.fields:
        request = error_details_pb2.BadRequest()
        for field, description in refusal.fields.items():
            request.field_violations.add(field=field, description=description)
        details.append(request)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return rpc_status.to_status(status)


async def _abort(call: Call, refusal: Refusal) -> NoReturn:
    telemetry.record_refusal(grpc.StatusCode[refusal.code.value], refusal.reason)
    try:
        await call.context.abort_with_status(to_status(refusal))
    except grpc.aio.AbortError as aborted:
        # OpenTelemetry records this one with all that led to it, and the failure behind it may quote a person.
        raise aborted from None
    raise AssertionError("abort_with_status returned")


def _peer_failed(problem: grpc.aio.AioRpcError) -> Refusal:
    code = problem.code()
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED):
        return errors.unavailable(
            Reason.DEPENDENCY_UNAVAILABLE, "another service that this call needs does not answer: try again"
        )
    _log.error("a service that was asked refused", code=code.name)
    return Refusal(errors.Code.INTERNAL, Reason.INTERNAL, "a service that this call needs refused it")


def _token(context: Any) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str):
            scheme, _, token = value.partition(" ")
            if scheme.lower() == "bearer" and token:
                return token
    raise errors.unauthenticated("the call carries no token: send the header `authorization: Bearer <token>`")


def _path(violation: Any) -> str:
    elements = violation.field.elements if violation.field else ()
    parts = [element.field_name + _subscript(element.subscript) for element in elements]
    return ".".join(parts) or "(the whole request)"


def _subscript(subscript: Any) -> str:
    return "" if subscript is None else f"[{subscript.value!r}]"
