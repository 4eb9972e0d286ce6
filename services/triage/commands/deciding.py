"""What people decide about a report: take it, agree, decide otherwise, approve that, merge a duplicate."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis import errors
from chassis.errors import Reason
from chassis.identity import Role, acting
from chassis.unit_of_work import UnitOfWork
from policy.packs import Packs
from services.triage import facts
from services.triage.model import decisions, overrides
from services.triage.model.decisions import Decision, recommendation_of
from services.triage.model.overrides import Circumstances, Override
from services.triage.model.urgency import Response
from services.triage.store import decisions as store
from services.triage.store.decisions import Settled


@dataclass(frozen=True, slots=True)
class Seen:
    """Which decision a person saw: refused as ABORTED if it has changed since."""

    report_id: UUID
    version: int


async def take(report_id: UUID, uow: UnitOfWork) -> Decision:
    """The screener who acts works on this report."""
    decision = decisions.taken(await store.decision_to_change(uow, report_id), by=acting().subject)
    await store.change(uow, decision)
    await facts.report_taken(uow, decision, uow.clock())
    await uow.audit("TakeReport", report_id, {"version": decision.version})
    return decision


async def confirm(seen: Seen, uow: UnitOfWork) -> Decision:
    """The person who acts agrees with the recommendation they saw."""
    before = await as_seen(seen, uow)
    return await decide(
        before, decisions.confirmed(before, by=acting().subject, at=uow.clock()), "ConfirmDecision", uow
    )


async def override(seen: Seen, override: Override, packs: Packs, uow: UnitOfWork) -> Decision:
    """The person who acts decides otherwise, or asks a manager to let them."""
    before = await as_seen(seen, uow)
    _refuse_to_role(before, overrides.response_of(before, override))
    circumstances = await _circumstances(before, packs, uow)
    after = overrides.overridden(
        before, override, circumstances, request_id=uow.ids.new(), by=acting().subject, at=uow.clock()
    )
    if after.request is None:
        return await decide(before, after, "OverrideDecision", uow)
    if before.request:
        await _overtake(before, uow)
    await store.change(uow, after)
    await store.add_request(uow, after)
    await facts.override_requested(uow, after)
    await uow.audit("RequestOverride", after.report_id, {"version": after.version, "request": str(after.request.id)})
    return after


async def approve(seen: Seen, packs: Packs, uow: UnitOfWork) -> Decision:
    """A manager lets the requested override pass: the requester's decision, with both names."""
    before = await as_seen(seen, uow)
    circumstances = await _circumstances(before, packs, uow)
    after = overrides.approved(before, circumstances, by=acting().subject, at=uow.clock())
    await store.settle_request(uow, after.report_id, Settled("APPROVED", acting().subject, uow.clock()))
    return await decide(before, after, "ApproveOverride", uow)


async def refuse(seen: Seen, why: str, uow: UnitOfWork) -> Decision:
    """A manager does not: the decision stays as it stood."""
    decision = overrides.refused(await as_seen(seen, uow))
    await store.change(uow, decision)
    await store.settle_request(uow, decision.report_id, Settled("REFUSED", acting().subject, uow.clock(), why))
    await facts.override_refused(uow, decision, acting().subject, uow.clock())
    await uow.audit("RefuseOverride", decision.report_id, {"version": decision.version})
    return decision


async def merge(seen: Seen, into: UUID, reason: str, uow: UnitOfWork) -> Decision:
    """Close a duplicate into the report that it repeats; what casework owes because of it is void by the fact."""
    await store.hold(uow, [seen.report_id, into])
    before, target = await as_seen(seen, uow), await store.decision(uow, into)
    decision = decisions.merged(before, target)
    if before.request:
        await _overtake(before, uow)
    await store.change(uow, decision)
    await facts.report_merged(uow, decision, target, acting().subject, uow.clock())
    await uow.audit("MergeReport", decision.report_id, {"into": str(into), "reason": reason})
    return decision


async def as_seen(seen: Seen, uow: UnitOfWork) -> Decision:
    """The decision, held until this transaction ends, if it still is what the person saw."""
    decision = await store.decision_to_change(uow, seen.report_id)
    if decision.version != seen.version:
        message = "the decision has changed since it was read: read it again, then decide"
        raise errors.aborted(Reason.CONFLICT, message, version=str(decision.version))
    return decision


async def decide(before: Decision, after: Decision, action: str, uow: UnitOfWork) -> Decision:
    """Keep a verdict, and tell; a request that still waits has been overtaken by it."""
    if before.request:
        await _overtake(before, uow)
    await store.change(uow, after)
    await store.add_verdict(uow, after)
    await facts.decision_made(uow, after)
    await uow.audit(action, after.report_id, {"version": after.version})
    return after


def _refuse_to_role(before: Decision, response: Response) -> None:
    """Refuse what only some roles may do; that there is more to it than somebody saw, anyone may say (R033)."""
    if overrides.lowers(before, response) and Role.SUPERVISOR not in acting().roles:
        message = f"less urgency than recommended or decided is open to {Role.SUPERVISOR} alone"
        raise errors.permission_denied(Reason.ROLE_NOT_ALLOWED, message)
    if not overrides.raises(before, response) and not acting().roles & {Role.SCREENER, Role.SUPERVISOR}:
        message = f"another name for no more urgency is open to {Role.SCREENER} and {Role.SUPERVISOR}"
        raise errors.permission_denied(Reason.ROLE_NOT_ALLOWED, message)


async def _overtake(decision: Decision, uow: UnitOfWork) -> None:
    await store.settle_request(uow, decision.report_id, Settled("OVERTAKEN", acting().subject, uow.clock()))


async def _circumstances(decision: Decision, packs: Packs, uow: UnitOfWork) -> Circumstances:
    pack = packs.by_sha256(recommendation_of(decision).pack.sha256)
    return Circumstances(pack, contacted=await store.contacted(uow, decision.report_id))
