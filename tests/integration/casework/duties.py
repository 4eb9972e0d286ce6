"""Who has a turn at which work."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from hotline.casework.v1 import workforce_service_pb2 as pb
from tests.integration.casework.conftest import DEADLINE, OFFICE, World, key


async def on_rotation(world: World, *members: str, exception: str = "", **changed: Any) -> str:
    rotation = {
        "rotation_id": str(uuid4()),
        "role": "INVESTIGATOR",
        "office": OFFICE,
        "members": members,
        "first_day": "2026-11-23",
        "begins": "08:00",
        "ends": "16:00",
        "turn_days": 1,
    }
    request = pb.DefineRotationRequest(
        idempotency_key=key(), rotation=pb.Rotation(**(rotation | changed)), exception=exception
    )
    stub = await world.at_work(world.people.supervisor)
    return (await stub.DefineRotation(request, timeout=DEADLINE)).rotation.rotation_id
