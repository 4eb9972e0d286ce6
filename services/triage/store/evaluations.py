"""Every screening ever done, byte for byte, and what it adds up to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from chassis.database import Database
from chassis.unit_of_work import Row, UnitOfWork
from policy.packs import PackRef
from services.triage.model.decisions import Problem
from services.triage.store import sql

# So many rows at a time: a replay of years must neither fill the memory nor hold a transaction open.
_PAGE = 500
_BEFORE_ALL = (datetime(1, 1, 1, tzinfo=UTC), UUID(int=0), 0)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One screening of one version of a report: `facts` and `recommendation` are the very bytes that were kept."""

    report_id: UUID
    report_version: int
    evaluated_at: datetime
    facts: str
    pack: PackRef | None
    recommendation: str
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """An evaluation, the report it was of, and what stands decided on that today."""

    evaluation: Evaluation
    office: str
    channel: str | None
    language: str
    interpreter_used: bool
    latest: bool
    decided: str | None
    decided_tier: str | None
    overridden: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A group of reports that are alike, and how many they are."""

    interpreter_used: bool
    state: str
    recommended: str | None
    recommended_tier: str | None
    decided: str | None
    decided_tier: str | None
    overridden: bool
    reports: int


async def of_report(uow: UnitOfWork, report_id: UUID) -> list[Evaluation]:
    """Every evaluation of a report, oldest first."""
    return [_evaluation(row) for row in await uow.fetch(sql.evaluations, report_id)]


async def recorded(database: Database, since: datetime | None, until: datetime | None) -> AsyncIterator[Recorded]:
    """Every evaluation from `since` until before `until`, oldest first, each page in a transaction of its own."""
    after = (since, UUID(int=0), 0) if since else _BEFORE_ALL
    while True:
        async with database.transaction() as uow:
            rows = await uow.fetch(sql.recorded, *after, until, _PAGE)
        for row in rows:
            yield _recorded(row)
        if len(rows) < _PAGE:
            return
        after = (rows[-1]["evaluated_at"], rows[-1]["report_id"], rows[-1]["report_version"])


async def figures(uow: UnitOfWork, since: datetime | None, until: datetime | None, office: str | None) -> list[Figure]:
    """Counts of the reports received in a span of time, by all that they are split by (R041)."""
    return [Figure(**row) for row in await uow.fetch(sql.figures, since, until, office)]


def _evaluation(row: Row) -> Evaluation:
    known = row["pack_sha256"] is not None
    return Evaluation(
        report_id=row["report_id"],
        report_version=row["report_version"],
        evaluated_at=row["evaluated_at"],
        facts=row["facts"],
        pack=PackRef(row["pack_id"], row["pack_version"], row["pack_sha256"]) if known else None,
        recommendation=row["recommendation"] or "",
        problem=Problem(row["problem_code"], tuple(row["problem_paths"])) if row["problem_code"] else None,
    )


def _recorded(row: Row) -> Recorded:
    return Recorded(
        evaluation=_evaluation(row),
        office=row["office"],
        channel=row["channel"],
        language=row["language"],
        interpreter_used=row["interpreter_used"],
        latest=row["latest"],
        decided=row["decided"],
        decided_tier=row["decided_tier"],
        overridden=bool(row["overridden"]),
    )
