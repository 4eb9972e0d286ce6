"""What is new about a contact between two looks, each in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.notifications.v1 import notifications_service_pb2 as notifications
from scenarios.judge import screening_of, tier_of
from scenarios.seen import Seen, Watched


def between(before: Seen, after: Seen, names: Mapping[str, str]) -> Iterator[str]:
    """The lines, in the order in which such things come about. `names` has the people's slugs by staff id."""
    if after.brought and after.brought.reference and not (before.brought and before.brought.reference):
        yield f"has the reference {after.brought.reference}"
    yield from _decision(before, after)
    yield from _investigation(before, after, names)
    known = {watched.promise.promise_id: watched for watched in before.promises}
    for watched in after.promises:
        yield from _promise(known.get(watched.promise.promise_id), watched, names)
    yield from _mails(before, after, names)


def _decision(before: Seen, after: Seen) -> Iterator[str]:
    if after.decision is None or (before.decision and before.decision.state == after.decision.state):
        return
    how = "decided" if after.decided else "recommended"
    yield f"{how}: {screening_of(after.decision)}, tier {tier_of(after.decision)}"


def _investigation(before: Seen, after: Seen, names: Mapping[str, str]) -> Iterator[str]:
    if after.worker != before.worker:
        yield f"assigned to {names.get(after.worker, after.worker)}"
    was = before.investigation.state if before.investigation else casework.INVESTIGATION_STATE_UNSPECIFIED
    if after.investigation and after.investigation.state != was:
        state = casework.InvestigationState.Name(after.investigation.state).removeprefix("INVESTIGATION_STATE_")
        yield f"investigation {state.lower()}"


def _promise(before: Watched | None, after: Watched, names: Mapping[str, str]) -> Iterator[str]:
    kind = after.promise.kind
    if before is None or before.fate != after.fate:
        yield f"{kind} is {after.fate}"
    known = {told.key for told in before.told} if before else set()
    for told in after.told:
        if told.key not in known:
            known.add(told.key)
            yield f"{kind} climbs to {told.rung}: {names.get(told.staff_id, told.staff_id)}"


def _mails(before: Seen, after: Seen, names: Mapping[str, str]) -> Iterator[str]:
    for delivery in after.deliveries:
        if delivery.state == notifications.DELIVERY_STATE_SENT and not before.sent(delivery.key):
            yield f"mail to {names.get(delivery.staff_id, delivery.staff_id)}: {delivery.template}"
