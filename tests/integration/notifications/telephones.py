"""A telephone gateway that the tests open, close and make busy: a real server of the contract, on a port of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import grpc

from hotline.phone.v1 import phone_service_pb2 as pb
from hotline.phone.v1.phone_service_pb2_grpc import (
    PhoneGatewayServiceServicer,
    add_PhoneGatewayServiceServicer_to_server,
)

DELIVERED, BUSY = pb.DELIVERY_OUTCOME_DELIVERED, pb.DELIVERY_OUTCOME_BUSY
NO_ANSWER, REFUSED = pb.DELIVERY_OUTCOME_NO_ANSWER, pb.DELIVERY_OUTCOME_NUMBER_REFUSED


@dataclass
class Telephones(PhoneGatewayServiceServicer):
    """`rung` are the texts and calls that were made, each once; `asked` counts the repetitions too."""

    address: str
    rung: dict[str, pb.DeliverRequest] = field(default_factory=dict)
    asked: int = 0
    # What comes of a number; others are delivered.
    lines: dict[str, pb.DeliveryOutcome.ValueType] = field(default_factory=dict)
    # While it is cleared, telephones ring and nobody is told what came of it.
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    _outcomes: dict[str, pb.DeliveryOutcome.ValueType] = field(default_factory=dict)
    _server: Any = None

    async def open(self) -> None:
        """Make calls from now on."""
        self.answering.set()
        self._server = grpc.aio.server()
        add_PhoneGatewayServiceServicer_to_server(self, self._server)
        self._server.add_insecure_port(self.address)
        await self._server.start()

    async def close(self) -> None:
        """Nobody answers at this address any more; what is in hand is broken off."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None

    async def Deliver(self, request: pb.DeliverRequest, context: Any) -> pb.DeliverResponse:  # noqa: N802
        """The contract's one call."""
        self.asked += 1
        if request.message_id not in self.rung:
            self.rung[request.message_id] = request
            self._outcomes[request.message_id] = self.lines.get(request.number, DELIVERED)
        await self.answering.wait()
        return pb.DeliverResponse(outcome=self._outcomes[request.message_id])

    def called(self) -> list[tuple[str, str]]:
        """Who was rung and how, in order."""
        return [
            (pb.PhoneChannel.Name(call.channel).removeprefix("PHONE_CHANNEL_"), call.number)
            for call in self.rung.values()
        ]
