"""What people note beside decisions (R040, R044). Only the audit trail leaves the row; nothing of it is a fact."""

from __future__ import annotations

from uuid import UUID

from chassis.identity import acting
from chassis.unit_of_work import UnitOfWork
from services.triage.model import notes
from services.triage.model.notes import Consultation, Reliability, SourceNote, Suspicion, SuspicionOutcome
from services.triage.store import decisions
from services.triage.store import notes as store


async def note_source(report_id: UUID, reliability: Reliability, note: str, uow: UnitOfWork) -> SourceNote:
    """How far a source can be relied upon, in the eyes of who acts."""
    await decisions.decision(uow, report_id)
    noted = SourceNote(uow.ids.new(), report_id, reliability, note, acting().subject, uow.clock())
    await store.add_source_note(uow, noted)
    await uow.audit("NoteSource", report_id, {"reliability": reliability})
    return noted


async def ask(report_id: UUID, question: str, uow: UnitOfWork) -> Consultation:
    """A screener asks a supervisor; the report waits no less for a decision meanwhile."""
    await decisions.decision(uow, report_id)
    asked = Consultation(uow.ids.new(), report_id, question, acting().subject, uow.clock())
    await store.add_consultation(uow, asked)
    await uow.audit("AskConsultation", report_id, {"consultation": str(asked.id)})
    return asked


async def answer(consultation_id: UUID, text: str, uow: UnitOfWork) -> Consultation:
    """The supervisor's answer."""
    asked = await store.consultation_to_change(uow, consultation_id)
    answered = notes.answered(asked, text, by=acting().subject, at=uow.clock())
    await store.answer_consultation(uow, answered)
    await uow.audit("AnswerConsultation", answered.report_id, {"consultation": str(answered.id)})
    return answered


async def flag_false(report_id: UUID, grounds: str, uow: UnitOfWork) -> Suspicion:
    """Suspect that a report was knowingly false: a supervisor will look; the report is screened like any other."""
    await decisions.decision(uow, report_id)
    suspicion = Suspicion(uow.ids.new(), report_id, grounds, acting().subject, uow.clock())
    await store.add_suspicion(uow, suspicion)
    await uow.audit("FlagFalseReport", report_id, {"suspicion": str(suspicion.id)})
    return suspicion


async def settle_false(suspicion_id: UUID, outcome: SuspicionOutcome, why: str, uow: UnitOfWork) -> Suspicion:
    """A supervisor refers the suspicion to those who pursue false reports, or dismisses it."""
    suspicion = await store.suspicion_to_change(uow, suspicion_id)
    settled = notes.settled(suspicion, outcome, why, by=acting().subject, at=uow.clock())
    await store.settle_suspicion(uow, settled)
    await uow.audit("SettleFalseReport", settled.report_id, {"suspicion": str(settled.id), "outcome": outcome})
    return settled
