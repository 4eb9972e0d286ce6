"""The contract of telephone gateways, answered from a folder.

Run as `python -m deploy.local.phone_server HOST PORT FOLDER`.
"""

import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2_grpc

from chassis.contract import number, word
from chassis.errors import Code, Reason, Refusal
from chassis.health import SERVING, new_servicer
from chassis.interceptors import Around, answer_errors, validate
from deploy.local.phone import Exchange, LinesUnreadable
from hotline.phone.v1 import phone_service_pb2 as pb
from hotline.phone.v1 import phone_service_pb2_grpc as rpc


class Gateway(rpc.PhoneGatewayServiceServicer):
    """The calls of the contract."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def Deliver(self, request: pb.DeliverRequest, context: Any) -> pb.DeliverResponse:  # noqa: N802
        """One text or call; the same again is answered as the first time."""
        channel, now = word(pb.PhoneChannel, request.channel), datetime.now(UTC)
        try:
            # Nothing is awaited between looking and keeping: two deliveries of one message make one call.
            outcome = self._exchange.deliver(request.message_id, channel, request.number, request.text, now)
            return pb.DeliverResponse(outcome=number(pb.DeliveryOutcome, outcome))
        except LinesUnreadable as problem:
            raise Refusal(Code.FAILED_PRECONDITION, Reason.WRONG_STATE, str(problem)) from problem


async def serve(host: str, port: int, folder: Path) -> None:
    """Take texts and calls until SIGTERM or SIGINT."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for signalled in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signalled, stop.set)
    # No identity: whoever asks is on this machine.
    server = grpc.aio.server(interceptors=[Around(answer_errors), Around(validate)])
    rpc.add_PhoneGatewayServiceServicer_to_server(Gateway(Exchange(folder)), server)
    health = new_servicer()
    await health.set("", SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    server.add_insecure_port(f"{host}:{port}")
    await server.start()
    await stop.wait()
    await server.stop(1.0)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
