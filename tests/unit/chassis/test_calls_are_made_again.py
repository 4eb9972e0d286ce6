"""What a server cancels or refuses because it ends is asked again, where each call is done once by its key."""

from __future__ import annotations

import grpc
import pytest

from chassis.client import connect


class Closing(grpc.GenericRpcHandler):
    """A server that ends its first calls with a status, and answers from then on."""

    def __init__(self, status: grpc.StatusCode, calls: int) -> None:
        self.status, self.left, self.asked = status, calls, 0

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(self._answer)

    async def _answer(self, request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        self.asked += 1
        if self.asked <= self.left:
            await context.abort(self.status, "not now")
        return b"answered"


async def asked(closing: Closing) -> bytes:
    """What a call is answered in the end."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((closing,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with connect(f"127.0.0.1:{port}", lambda: "token") as channel:
            return bytes(await channel.unary_unary("/a/Call")(b"", timeout=10))
    finally:
        await server.stop(None)


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
async def test_a_call_that_an_ending_server_does_not_answer_is_made_again(status: grpc.StatusCode) -> None:
    closing = Closing(status, calls=2)
    assert await asked(closing) == b"answered"
    assert closing.asked == 3


async def test_a_call_that_was_refused_is_not() -> None:
    closing = Closing(grpc.StatusCode.FAILED_PRECONDITION, calls=1)
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await asked(closing)
    assert refusal.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert closing.asked == 1
