"""What the screening of a report makes casework owe: a decision, a call to the reporter, a review, an investigation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.unit_of_work import UnitOfWork
from policy.promise import Attempt, Owner, OwnerKind, Subject
from policy.screening import SOMEBODY_GOES
from services.casework.commands import investigations
from services.casework.commands.investigations import Opening
from services.casework.model.workforce import SUPERVISOR, Queue
from services.casework.promises import commands as promises
from services.casework.promises import store as ledger
from services.casework.promises.rules import Rules

SCREENER, INTAKE_SPECIALIST = "SCREENER", "INTAKE_SPECIALIST"
SCREEN_IN, ALTERNATIVE = "SCREEN_IN", "ALTERNATIVE"

_DECISION, _REVIEW = "SCREENING_DECISION", "SCREEN_OUT_REVIEW"
# A report is owed one decision, however often its facts are screened again.
_SUBMITTED = "submitted"


@dataclass(frozen=True, slots=True)
class Screened:
    """A report as triage screened it, by the pack or by a person. Tier None: no criterion is ticked."""

    report_id: str
    reference: str
    office: str
    received_at: datetime
    screening: str
    tier: str | None
    tasks: tuple[str, ...] = ()
    alleged_victims: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()
    amended_at: datetime | None = None

    @property
    def subject(self) -> Subject:
        """What promises about the report are about."""
        return Subject("report", self.report_id)

    @property
    def opening(self) -> Opening:
        """The investigation it asks for if somebody goes to see the child."""
        return Opening(
            self.report_id,
            self.reference,
            self.office,
            self.received_at,
            self.tier,
            self.alleged_victims,
            self.clocks,
            alternative=self.screening == ALTERNATIVE,
        )


async def owe_decision(uow: UnitOfWork, rules: Rules, report: Screened) -> None:
    """A person decides on every report, whether it could be screened or not; nobody may forget it.

    What was decided and waits again, because the report was amended, is owed anew, from the amendment on.
    """
    owed = [promise for promise in await ledger.lock_open(uow, report.subject) if promise.kind == _DECISION]
    if owed:
        (promise,) = owed
    elif report.amended_at:
        cause = f"amended {report.amended_at.isoformat()}"
        wanted = _wanted(report, _DECISION, SCREENER, cause, counted_from=report.amended_at)
        promise = await promises.make(uow, rules, wanted)
    else:
        promise = await promises.make(uow, rules, _wanted(report, _DECISION, SCREENER, _SUBMITTED))
    if report.tier:
        await promises.raise_to(uow, rules, promise, report.tier)


async def recommended(uow: UnitOfWork, rules: Rules, report: Screened) -> None:
    """The pack recommends: the decision is owed, and at T0 nobody waits for it before somebody goes."""
    await owe_decision(uow, rules, report)
    if "RECALL_REPORTER" in report.tasks:
        await promises.make(uow, rules, _wanted(report, "RECALL_REPORTER", INTAKE_SPECIALIST, _SUBMITTED))
    if report.tier == "T0" and report.screening == SCREEN_IN:
        await investigations.open_for(uow, rules, report.opening)


async def decided(uow: UnitOfWork, rules: Rules, report: Screened, by: str, at: datetime) -> None:
    """A person decided: that keeps the promise, as of when triage committed it, and says what is owed from here."""
    await investigations.hold(uow, report.report_id)
    act = Attempt(by, "DECIDED", at)
    await promises.keep(uow, rules, report.subject, _DECISION, act, recorded_at=at)
    await promises.void(uow, rules, report.subject, "decided anew", kinds=frozenset({_REVIEW}))
    if report.screening in SOMEBODY_GOES:
        await investigations.open_for(uow, rules, report.opening)
        return
    await investigations.close_for(uow, rules, report.report_id, f"decided {report.screening}")
    if "REVIEW_SCREEN_OUT" in report.tasks:
        await promises.make(
            uow, rules, _wanted(report, _REVIEW, SUPERVISOR, f"decided {at.isoformat()}", counted_from=at)
        )


async def reviewed(uow: UnitOfWork, rules: Rules, report_id: str, by: str, at: datetime) -> None:
    """A second person looked at a screen-out: that keeps the promise, whatever they found."""
    await promises.keep(uow, rules, Subject("report", report_id), _REVIEW, Attempt(by, "REVIEWED", at), recorded_at=at)


async def merged(uow: UnitOfWork, rules: Rules, report_id: str, into_reference: str) -> None:
    """A duplicate was closed into another report: what was owed because of it has lost its object."""
    await investigations.hold(uow, report_id)
    because = f"merged into {into_reference}"
    await promises.void(uow, rules, Subject("report", report_id), because)
    await investigations.close_for(uow, rules, report_id, because)


def _wanted(
    report: Screened, kind: str, role: str, cause: str, counted_from: datetime | None = None
) -> promises.Wanted:
    return promises.Wanted(
        kind=kind,
        subject=report.subject,
        cause=cause,
        reference=report.reference,
        owner=Owner(OwnerKind.QUEUE, Queue(role, report.office).name),
        office=report.office,
        tier=report.tier,
        received_at=counted_from or report.received_at,
    )
