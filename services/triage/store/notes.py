"""What people note beside decisions: on sources, questions to supervisors, suspicions of false reports."""

from __future__ import annotations

from uuid import UUID

from chassis import errors
from chassis.unit_of_work import Row, UnitOfWork
from services.triage.model.notes import Consultation, Reliability, SourceNote, Suspicion, SuspicionOutcome
from services.triage.store import sql


async def add_source_note(uow: UnitOfWork, note: SourceNote) -> None:
    """Keep a note on a source."""
    await uow.execute(
        sql.add_source_note, note.id, note.report_id, note.reliability, note.note, note.noted_by, note.noted_at
    )


async def source_notes(uow: UnitOfWork, report_id: UUID) -> list[SourceNote]:
    """The notes on a report's source, oldest first."""
    return [
        SourceNote(
            row["id"],
            row["report_id"],
            Reliability(row["reliability"]),
            row["note"],
            row["noted_by"],
            row["noted_at"],
        )
        for row in await uow.fetch(sql.source_notes, report_id)
    ]


async def add_consultation(uow: UnitOfWork, asked: Consultation) -> None:
    """Keep a question."""
    await uow.execute(sql.add_consultation, asked.id, asked.report_id, asked.question, asked.asked_by, asked.asked_at)


async def consultation_to_change(uow: UnitOfWork, consultation_id: UUID) -> Consultation:
    """A question, held until this transaction ends."""
    row = await uow.fetchrow(sql.lock_consultation, consultation_id)
    if row is None:
        raise errors.not_found("consultation", consultation_id)
    return _consultation(row)


async def answer_consultation(uow: UnitOfWork, answered: Consultation) -> None:
    """Keep the answer to a question that is held."""
    await uow.execute(sql.answer_consultation, answered.id, answered.answer, answered.answered_by, answered.answered_at)


async def consultations(uow: UnitOfWork, report_id: UUID) -> list[Consultation]:
    """All that was asked about a report, oldest first."""
    return [_consultation(row) for row in await uow.fetch(sql.consultations, report_id)]


async def open_consultations(uow: UnitOfWork, *, office: str | None, limit: int) -> list[Consultation]:
    """What waits for an answer, oldest first."""
    return [_consultation(row) for row in await uow.fetch(sql.open_consultations, office, limit)]


async def add_suspicion(uow: UnitOfWork, suspicion: Suspicion) -> None:
    """Keep a suspicion."""
    await uow.execute(
        sql.add_suspicion,
        suspicion.id,
        suspicion.report_id,
        suspicion.grounds,
        suspicion.flagged_by,
        suspicion.flagged_at,
    )


async def suspicion_to_change(uow: UnitOfWork, suspicion_id: UUID) -> Suspicion:
    """A suspicion, held until this transaction ends."""
    row = await uow.fetchrow(sql.lock_suspicion, suspicion_id)
    if row is None:
        raise errors.not_found("suspicion", suspicion_id)
    return _suspicion(row)


async def settle_suspicion(uow: UnitOfWork, settled: Suspicion) -> None:
    """Keep what became of a suspicion that is held."""
    await uow.execute(
        sql.settle_suspicion,
        settled.id,
        settled.outcome,
        settled.settled_because,
        settled.settled_by,
        settled.settled_at,
    )


async def suspicions(uow: UnitOfWork, report_id: UUID) -> list[Suspicion]:
    """All suspicions about a report, oldest first."""
    return [_suspicion(row) for row in await uow.fetch(sql.suspicions, report_id)]


def _consultation(row: Row) -> Consultation:
    return Consultation(
        id=row["id"],
        report_id=row["report_id"],
        question=row["question"],
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        answer=row["answer"],
        answered_by=row["answered_by"],
        answered_at=row["answered_at"],
    )


def _suspicion(row: Row) -> Suspicion:
    return Suspicion(
        id=row["id"],
        report_id=row["report_id"],
        grounds=row["grounds"],
        flagged_by=row["flagged_by"],
        flagged_at=row["flagged_at"],
        outcome=SuspicionOutcome(row["outcome"]) if row["outcome"] else None,
        settled_because=row["settled_because"],
        settled_by=row["settled_by"],
        settled_at=row["settled_at"],
    )
