"""A second person looks at screen-outs."""

from __future__ import annotations

from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from policy.packs import Packs
from services.triage import facts
from services.triage.commands.deciding import Seen, as_seen, decide
from services.triage.model import reviews
from services.triage.model.decisions import Decision, recommendation_of
from services.triage.store import decisions as store


async def uphold(seen: Seen, reason: str, uow: UnitOfWork) -> Decision:
    """The screen-out stands; that keeps the promise of its review."""
    decision = reviews.upheld(await as_seen(seen, uow), by=acting().subject)
    await _keep(decision, reason, uow)
    return decision


async def reverse(seen: Seen, reason: str, tier: str | None, packs: Packs, uow: UnitOfWork) -> Decision:
    """The screen-out does not stand: the reviewer screens the report in, with the clock of the original receipt."""
    reviewed = reviews.overturned(await as_seen(seen, uow), by=acting().subject)
    pack = packs.by_sha256(recommendation_of(reviewed).pack.sha256)
    after = reviews.screened_in(reviewed, tier, pack=pack, by=acting().subject, at=uow.clock(), reason=reason)
    await _keep(reviewed, reason, uow)
    return await decide(reviewed, after, "ReverseScreenOut", uow)


async def _keep(decision: Decision, reason: str, uow: UnitOfWork) -> None:
    await store.change(uow, decision)
    await facts.screen_out_reviewed(uow, decision, uow.clock())
    detail = {"version": decision.version, "outcome": decision.review, "reason": reason}
    await uow.audit("ReviewScreenOut", decision.report_id, detail)
