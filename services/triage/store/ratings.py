"""Second, blind ratings."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis import errors
from chassis.unit_of_work import Row, UnitOfWork
from services.triage.model.ratings import Rating
from services.triage.model.urgency import Response, Screening
from services.triage.store import sql


async def take(uow: UnitOfWork, rating: Rating, first: Response) -> bool:
    """Keep who rates a report, and what the first person had decided; False if somebody took it before."""
    taken = await uow.fetchval(
        sql.take_rating, rating.report_id, rating.rater, uow.clock(), first.screening, first.tier
    )
    return taken is not None


async def rating_to_change(uow: UnitOfWork, report_id: UUID) -> Rating:
    """The rating of a report, held until this transaction ends."""
    row = await uow.fetchrow(sql.lock_rating, report_id)
    if row is None:
        raise errors.not_found("rating of a report", report_id)
    return _rating(row)


async def rate(uow: UnitOfWork, rating: Rating) -> None:
    """Keep the judgement of a rating that is held."""
    assert rating.response is not None
    await uow.execute(sql.rate, rating.report_id, rating.response.screening, rating.response.tier, rating.rated_at)


async def rateable(uow: UnitOfWork, rater: str, limit: int) -> list[Rating]:
    """What this person may rate, longest decided first."""
    return [
        Rating(row["report_id"], row["reference"], row["office"], row["received_at"], row["rater"])
        for row in await uow.fetch(sql.rateable, rater, limit)
    ]


async def rates_blind(uow: UnitOfWork, report_id: UUID, person: str) -> bool:
    """Whether this person has taken the rating of a report and not given it yet."""
    return bool(await uow.fetchval(sql.rates_blind, report_id, person))


async def pairs(uow: UnitOfWork, since: datetime | None, until: datetime | None) -> list[tuple[Response, Response]]:
    """The first and the second judgement of every report that was rated in a span of time."""
    return [
        (
            Response(Screening(row["first_screening"]), row["first_tier"]),
            Response(Screening(row["screening"]), row["tier"]),
        )
        for row in await uow.fetch(sql.rated_pairs, since, until)
    ]


def _rating(row: Row) -> Rating:
    given = row["screening"] is not None
    return Rating(
        report_id=row["report_id"],
        reference=row["reference"],
        office=row["office"],
        received_at=row["received_at"],
        rater=row["rater"],
        response=Response(Screening(row["screening"]), row["tier"]) if given else None,
        rated_at=row["rated_at"],
    )
