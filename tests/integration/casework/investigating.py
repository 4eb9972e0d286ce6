"""What people do with an investigation, and how it stands."""

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

from chassis.contract import stamp
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1.promise_pb2 import Promise, Subject
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import DEADLINE, OFFICE, World, key


async def certificate(world: World, promise: Promise) -> Any:
    stub = await world.service()
    answer = await stub.GetCertificate(pb.GetCertificateRequest(promise_id=promise.promise_id), timeout=DEADLINE)
    return json.loads(answer.certificate_json)["body"]


async def opened(world: World, **values: Any) -> pb.Investigation:
    """An investigation opened by the supervisor, at T1 and about one child unless said otherwise."""
    request = pb.OpenInvestigationRequest(
        **(
            {
                "idempotency_key": key(),
                "report_id": str(uuid4()),
                "reference": "7ZK4-M2QX",
                "office": OFFICE,
                "received_at": stamp(world.clock.now),
                "tier": type_pb2.TIER_T1,
                "alleged_victims": ["c1"],
            }
            | values
        )
    )
    stub = await world.person(world.people.supervisor)
    return (await stub.OpenInvestigation(request, timeout=DEADLINE)).investigation


async def contact(
    world: World,
    investigation: pb.Investigation,
    result: str,
    child: str = "c1",
    at: datetime | None = None,
    **more: Any,
) -> pb.Investigation:
    """The worker records a contact, made just now unless said otherwise."""
    request = pb.RecordContactRequest(
        idempotency_key=key(),
        investigation_id=investigation.investigation_id,
        child_id=child,
        result=pb.ContactResult.Value(f"CONTACT_RESULT_{result}"),
        occurred_at=stamp(at or world.clock.now),
        **more,
    )
    stub = await world.person(investigation.worker_id or world.people.worker)
    return (await stub.RecordContact(request, timeout=DEADLINE)).investigation


async def accept(world: World, investigation: pb.Investigation, by: str = "") -> pb.Investigation:
    request = pb.AcceptAssignmentRequest(idempotency_key=key(), investigation_id=investigation.investigation_id)
    stub = await world.person(by or investigation.worker_id)
    return (await stub.AcceptAssignment(request, timeout=DEADLINE)).investigation


async def found(
    world: World, investigation: pb.Investigation, at: datetime | None = None, late_reason: str = ""
) -> pb.Investigation:
    request = pb.RecordFindingRequest(
        idempotency_key=key(),
        investigation_id=investigation.investigation_id,
        finding=pb.FINDING_UNSUBSTANTIATED,
        occurred_at=stamp(at or world.clock.now),
        late_reason=late_reason,
    )
    stub = await world.person(investigation.worker_id)
    return (await stub.RecordFinding(request, timeout=DEADLINE)).investigation


async def assessed(world: World, investigation: pb.Investigation) -> pb.Investigation:
    """The worker closes an alternative response."""
    request = pb.CloseAlternativeRequest(idempotency_key=key(), investigation_id=investigation.investigation_id)
    stub = await world.person(investigation.worker_id)
    return (await stub.CloseAlternative(request, timeout=DEADLINE)).investigation


async def refuse(world: World, promise: Promise) -> None:
    """The supervisor does not vouch for what was entered late."""
    request = pb.ConfirmLateEntryRequest(
        idempotency_key=key(), promise_id=promise.promise_id, confirmed=False, reason="the log says otherwise"
    )
    await (await world.person(world.people.supervisor)).ConfirmLateEntry(request, timeout=DEADLINE)


async def read(world: World, investigation: pb.Investigation) -> pb.Investigation:
    request = pb.GetInvestigationRequest(investigation_id=investigation.investigation_id)
    return (await (await world.service()).GetInvestigation(request, timeout=DEADLINE)).investigation


async def assign(world: World, investigation: pb.Investigation, staff_id: str = "") -> pb.Investigation:
    request = pb.AssignWorkerRequest(
        idempotency_key=key(), investigation_id=investigation.investigation_id, staff_id=staff_id
    )
    stub = await world.person(world.people.supervisor)
    return (await stub.AssignWorker(request, timeout=DEADLINE)).investigation


async def owed(world: World, investigation: pb.Investigation) -> dict[str, Promise]:
    return {promise.kind: promise for promise in await world.open_promises(investigation.investigation_id)}


async def dispatched(world: World, investigation: pb.Investigation, assigned_at: datetime | None = None) -> Promise:
    """What the investigation's workflow asks for when a worker was assigned: just now, unless said otherwise."""
    return await world.promise(
        "ASSIGNMENT_ACK",
        subject=Subject(type="investigation", id=investigation.investigation_id),
        cause=f"assigned/{investigation.version}",
        owner=type_pb2.Owner(staff_id=investigation.worker_id),
        tier=type_pb2.TIER_T1,
        received_at=stamp(assigned_at or world.clock.now),
    )
