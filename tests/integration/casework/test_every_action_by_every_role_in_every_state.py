"""Who may do what to a promise, and when: every action by every role in every state, against the two tables here.

The tables are written by hand, from what is promised to the offices, and not from the service's own: an action that is
let through by mistake, or refused to somebody who needs it, differs from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.protobuf.message import Message

from chassis.client import refusal_of
from chassis.contract import stamp
from chassis.identity import Role
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.casework.v1.promise_pb2 import Promise, Subject
from hotline.type.v1 import type_pb2
from tests.integration.casework.conftest import DEADLINE, World, key

DONE, DENIED = "done", "ROLE_NOT_ALLOWED"
CLOSED, WRONG = "PROMISE_CLOSED", "WRONG_STATE"
NEVER = "a promise of this kind is never in this state"

STATES = ["OPEN", "HELD", "PAUSED", "AWAITS_CONFIRMATION", "OVERDUE", "KEPT", "VOID"]
# fmt: off
WHEN: Mapping[str, tuple[str, ...]] = {
    "see it":                (DONE,  DONE,  DONE,  DONE,  DONE,  DONE,   DONE),
    "acknowledge":           (DONE,  WRONG, WRONG, WRONG, DONE,  CLOSED, CLOSED),
    "say that it failed":    (DONE,  DONE,  DONE,  DONE,  DONE,  CLOSED, CLOSED),
    "keep it":               (DONE,  DONE,  DONE,  DONE,  DONE,  CLOSED, CLOSED),
    "confirm a late entry":  (WRONG, WRONG, WRONG, DONE,  WRONG, CLOSED, CLOSED),
    "delegate":              (DONE,  DONE,  DONE,  DONE,  DONE,  CLOSED, CLOSED),
    "extend":                (DONE,  DONE,  NEVER, NEVER, WRONG, NEVER,  CLOSED),
    "pause":                 (DONE,  DONE,  WRONG, DONE,  WRONG, CLOSED, CLOSED),
    "resume":                (WRONG, WRONG, DONE,  WRONG, WRONG, CLOSED, CLOSED),
    "escalate":              (DONE,  DONE,  WRONG, DONE,  DONE,  CLOSED, CLOSED),
    "raise its tier":        (DONE,  DONE,  NEVER, DONE,  DONE,  CLOSED, CLOSED),
    "void":                  (DONE,  DONE,  DONE,  DONE,  DONE,  CLOSED, CLOSED),
    "ring its alarm":        (DONE,  DONE,  DONE,  DONE,  DONE,  DONE,   DONE),
    "read its certificate":  (WRONG, WRONG, WRONG, WRONG, WRONG, DONE,   DONE),
    "add to its certificate": (WRONG, WRONG, WRONG, WRONG, WRONG, DONE,  DONE),
}

LEAD = {Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR}
WORK = LEAD | {Role.INTAKE_SPECIALIST, Role.SCREENER, Role.INVESTIGATOR}
WHO: Mapping[str, set[Role]] = {
    "see it":                 WORK | {Role.ADMIN, Role.SERVICE},
    "acknowledge":            WORK,
    "say that it failed":     WORK,
    "keep it":                WORK,
    "confirm a late entry":   LEAD,
    "delegate":               LEAD,
    "extend":                 LEAD,
    "pause":                  LEAD,
    "resume":                 LEAD,
    "escalate":               WORK,
    "raise its tier":         WORK | {Role.SERVICE},
    "void":                   LEAD | {Role.SERVICE},
    "ring its alarm":         {Role.SERVICE},
    "read its certificate":   WORK | {Role.ADMIN, Role.SERVICE},
    "add to its certificate": LEAD,
}
# fmt: on


@dataclass(frozen=True)
class Kind:
    """A kind of promise, how it is kept, and how long ago it is overdue if nobody kept it."""

    name: str
    kept_by: str
    overdue_after: timedelta


CALLBACK = Kind("CALLBACK_STANDARD", "REACHED", timedelta(days=5))
# Only a finding may be extended, and its investigation keeps it; a receipt depends on the tier.
FINDING = Kind("FINDING", "", timedelta(days=61))
RECEIPT = Kind("CROSS_REPORT_RECEIPT", "RECEIVED", timedelta(days=2))
OTHERWISE = {"extend": FINDING, "raise its tier": RECEIPT}


async def in_state(world: World, kind: Kind, state: str) -> Promise:
    """A promise of this kind that has come to be in this state, through what people do."""
    age = {"OVERDUE": kind.overdue_after, "AWAITS_CONFIRMATION": timedelta(hours=2)}.get(state, timedelta(0))
    promise = await world.promise(
        kind.name,
        subject=Subject(type="investigation", id=key()),
        tier=type_pb2.TIER_T3,
        received_at=stamp(world.clock.now - age),
    )
    match state:
        case "HELD":
            await act(world, "acknowledge", promise, Role.SCREENER)
        case "PAUSED":
            await act(world, "pause", promise, Role.SUPERVISOR)
        case "AWAITS_CONFIRMATION":
            said = stamp(world.clock.now - timedelta(hours=1))
            await world.attempt(promise, kind.kept_by, occurred_at=said, late_reason="no signal at the house")
        case "OVERDUE":
            await world.ring(promise)
        case "KEPT":
            await world.attempt(promise, kind.kept_by)
        case "VOID":
            await act(world, "void", promise, Role.SUPERVISOR)
    reached = (await world.shown(promise)).promise
    assert promise_pb2.PromiseState.Name(reached.clock.state) == f"PROMISE_STATE_{state}"
    return promise


Ask = Callable[[World, Promise], Message]


def ask(request: type[Message], **values: Any) -> Ask:
    """A request about a promise, with a fresh key where it takes one."""
    fields = request.DESCRIPTOR.fields_by_name
    return lambda world, promise: request(
        promise_id=promise.promise_id,
        **({"idempotency_key": key()} if "idempotency_key" in fields else {}),
        **{name: value(world, promise) if callable(value) else value for name, value in values.items()},
    )


def now(world: World, _promise: Promise) -> Any:
    return stamp(world.clock.now)


def tomorrow(world: World, _promise: Promise) -> Any:
    return stamp(world.clock.now + timedelta(days=1))


def keeping(_world: World, promise: Promise) -> str:
    return {kind.name: kind.kept_by for kind in (CALLBACK, RECEIPT)}[promise.kind]


ACTIONS: Mapping[str, tuple[str, Ask]] = {
    "see it": ("GetPromise", ask(pb.GetPromiseRequest)),
    "acknowledge": ("AcknowledgePromise", ask(pb.AcknowledgePromiseRequest)),
    "say that it failed": ("RecordAttempt", ask(pb.RecordAttemptRequest, outcome="NO_ANSWER", occurred_at=now)),
    "keep it": ("RecordAttempt", ask(pb.RecordAttemptRequest, outcome=keeping, occurred_at=now)),
    "confirm a late entry": ("ConfirmLateEntry", ask(pb.ConfirmLateEntryRequest, confirmed=True)),
    "delegate": ("DelegatePromise", ask(pb.DelegatePromiseRequest, to_staff_id=lambda world, _: world.people.second)),
    "extend": ("ExtendPromise", ask(pb.ExtendPromiseRequest, days=10, reason="laboratory report outstanding")),
    "pause": ("PausePromise", ask(pb.PausePromiseRequest, reason="CALLER_CHOSE_LATER", until=tomorrow)),
    "resume": ("ResumePromise", ask(pb.ResumePromiseRequest)),
    "escalate": ("EscalateTo", ask(pb.EscalateToRequest, rung="manager")),
    "raise its tier": ("RetierPromise", ask(pb.RetierPromiseRequest, tier=type_pb2.TIER_T1)),
    "void": ("VoidPromise", ask(pb.VoidPromiseRequest, reason="asked for twice")),
    "ring its alarm": ("ClimbRung", ask(pb.ClimbRungRequest, as_of=now)),
    "read its certificate": ("GetCertificate", ask(pb.GetCertificateRequest)),
    "add to its certificate": (
        "AmendCertificate",
        ask(pb.AmendCertificateRequest, outcome="REACHED", occurred_at=now, reason="the family called back"),
    ),
}


async def act(world: World, action: str, promise: Promise, role: Role) -> None:
    """The action by somebody of this role who has had nothing to do with the promise so far."""
    method, request = ACTIONS[action]
    somebody = str(UUID(int=100 + list(Role).index(role)))
    stub = await (world.service() if role is Role.SERVICE else world.person(somebody, role))
    await getattr(stub, method)(request(world, promise), timeout=DEADLINE)


async def came_of(world: World, action: str, promise: Promise, role: Role) -> str:
    """DONE, or the reason why not."""
    try:
        await act(world, action, promise, role)
    except grpc.aio.AioRpcError as error:
        return refusal_of(error).reason
    return DONE


@pytest.mark.parametrize("action", ACTIONS)
async def test_every_role_may_do_what_the_tables_say_and_nothing_else(world: World, action: str) -> None:
    """Primero R2-3960, R2-3957, R2-3930: transitions without authority, and a manager who could not revoke one."""
    kind, found, expected = OTHERWISE.get(action, CALLBACK), {}, {}
    for state, outcome in zip(STATES, WHEN[action], strict=True):
        if outcome == NEVER:
            continue
        untouched = await in_state(world, kind, state)
        for role in Role:
            allowed = role in WHO[action]
            promise = await in_state(world, kind, state) if allowed else untouched
            found[state, role] = await came_of(world, action, promise, role)
            expected[state, role] = outcome if allowed else DENIED
    assert found == expected


def test_the_tables_speak_of_the_same_actions() -> None:
    assert WHO.keys() == WHEN.keys() == ACTIONS.keys()
