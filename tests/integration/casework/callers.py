"""People who call: what intake tells of them, and what casework owes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from chassis.contract import stamp
from hotline.casework.v1 import promise_pb2
from hotline.intake.v1 import intake_service_pb2 as intake_pb
from hotline.intake.v1.intake_events_pb2 import (
    CallbackRequested,
    ContactClosed,
    ContactOpened,
    VoicemailLeft,
)
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import MONDAY, OFFICE, World

REFERENCE = "K7M2-9QXA"


async def asked(world: World, urgent: bool = False, **changed: Any) -> promise_pb2.Promise:
    """A client asks the worker for a call."""
    fact = CallbackRequested(
        **{
            "callback_id": str(uuid4()),
            "reference": REFERENCE,
            "office": OFFICE,
            "urgent": urgent,
            "caller_class": type_pb2.CALLER_CLASS_CLIENT,
            "owner": type_pb2.Owner(staff_id=world.people.worker),
            "received_at": stamp(world.clock.now),
        }
        | changed
    )
    await world.hears(fact)
    (promise,) = await world.open_promises(fact.callback_id)
    return promise


async def message_left(world: World, **changed: Any) -> promise_pb2.Promise:
    """A message in the worker's box."""
    fact = VoicemailLeft(
        **{
            "voicemail_id": str(uuid4()),
            "contact_id": str(uuid4()),
            "office": OFFICE,
            "staff_id": world.people.worker,
            "caller_class": type_pb2.CALLER_CLASS_COURT,
            "received_at": stamp(world.clock.now),
            "reason": intake_pb.VOICEMAIL_REASON_UNINTERRUPTED_WORK,
            "live_person_offered": True,
        }
        | changed
    )
    await world.hears(fact)
    (promise,) = await world.open_promises(fact.voicemail_id)
    return promise


async def rings(world: World, outcome: str, at: datetime = MONDAY) -> None:
    contact_id = str(uuid4())
    await world.hears(
        ContactOpened(contact_id=contact_id, channel=type_pb2.CHANNEL_VOICE, office=OFFICE, received_at=stamp(at))
    )
    ended = intake_pb.ContactOutcome.Value(f"CONTACT_OUTCOME_{outcome}")
    await world.hears(ContactClosed(contact_id=contact_id, outcome=ended, closed_at=stamp(at)))
