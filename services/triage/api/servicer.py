"""The calls of triage: a request becomes a command, what it made becomes the response."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.contract import instant, word
from chassis.database import Database
from chassis.identity import acting
from chassis.once import once
from chassis.unit_of_work import UnitOfWork
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.triage.v1 import triage_service_pb2_grpc as rpc
from policy.agreement import agreement
from policy.canonical import canonical
from policy.packs import Packs
from services.triage.api import messages
from services.triage.api.messages import decision_message
from services.triage.commands import deciding, noting, rating, reviewing, training
from services.triage.commands.deciding import Seen
from services.triage.facts import pack_message
from services.triage.model.notes import Reliability, SuspicionOutcome
from services.triage.model.overrides import Override
from services.triage.store import decisions, evaluations, notes, ratings
from services.triage.watch import QueueWatch

_LISTED_AT_ONCE = 100


class Triage(rpc.TriageServiceServicer):
    """`hotline.triage.v1.TriageService` on one database."""

    def __init__(self, database: Database, packs: Packs, pack_id: str, watch: QueueWatch) -> None:
        """`pack_id`: the site's own pack."""
        self._database = database
        self._packs = packs
        self._pack_id = pack_id
        self._watch = watch

    async def GetDecision(self, request: pb.GetDecisionRequest, context: Any) -> pb.GetDecisionResponse:
        """A report's decision as it stands; not to who rates the report blind."""
        report_id = UUID(request.report_id)
        async with self._database.transaction() as uow:
            await rating.refuse_to_blind(report_id, uow)
            return pb.GetDecisionResponse(decision=decision_message(await decisions.decision(uow, report_id)))

    async def GetHistory(self, request: pb.GetHistoryRequest, context: Any) -> pb.GetHistoryResponse:
        """All that led to a decision. Reading it leaves an audit row (R105)."""
        report_id = UUID(request.report_id)
        async with self._database.transaction() as uow:
            await rating.refuse_to_blind(report_id, uow)
            decision = await decisions.decision(uow, report_id)
            await uow.audit("GetHistory", report_id)
            return pb.GetHistoryResponse(
                decision=decision_message(decision),
                evaluations=map(messages.evaluation_message, await evaluations.of_report(uow, report_id)),
                verdicts=map(messages.verdict_message, await decisions.verdicts(uow, report_id)),
                override_requests=map(messages.request_message, await decisions.requests(uow, report_id)),
                source_notes=map(messages.source_note_message, await notes.source_notes(uow, report_id)),
                consultations=map(messages.consultation_message, await notes.consultations(uow, report_id)),
                suspicions=map(messages.suspicion_message, await notes.suspicions(uow, report_id)),
                merged_report_ids=map(str, await decisions.merged_into(uow, report_id)),
            )

    async def ListQueue(self, request: pb.ListQueueRequest, context: Any) -> pb.ListQueueResponse:
        """What waits for a person, most urgent first, then oldest."""
        async with self._database.transaction() as uow:
            waiting = await decisions.queue(uow, office=request.office or None, limit=request.limit or _LISTED_AT_ONCE)
            return pb.ListQueueResponse(decisions=map(decision_message, waiting))

    async def WatchQueue(self, request: pb.WatchQueueRequest, context: Any) -> AsyncIterator[pb.WatchQueueResponse]:
        """The queue, live: first all that waits, then each change."""
        snapshot = True
        async for change in self._watch.changes(request.office or None):
            yield pb.WatchQueueResponse(
                snapshot=snapshot,
                waiting=map(messages.entry_message, change.waiting),
                gone_report_ids=map(str, change.gone),
            )
            snapshot = False

    async def TakeReport(self, request: pb.TakeReportRequest, context: Any) -> pb.TakeReportResponse:
        """A screener works on this one."""

        async def act(uow: UnitOfWork) -> pb.TakeReportResponse:
            return pb.TakeReportResponse(decision=decision_message(await deciding.take(UUID(request.report_id), uow)))

        return await once(self._database, request, pb.TakeReportResponse, act)

    async def ConfirmDecision(self, request: pb.ConfirmDecisionRequest, context: Any) -> pb.ConfirmDecisionResponse:
        """The person agrees with the recommendation."""

        async def act(uow: UnitOfWork) -> pb.ConfirmDecisionResponse:
            return pb.ConfirmDecisionResponse(decision=decision_message(await deciding.confirm(_seen(request), uow)))

        return await once(self._database, request, pb.ConfirmDecisionResponse, act)

    async def OverrideDecision(self, request: pb.OverrideDecisionRequest, context: Any) -> pb.OverrideDecisionResponse:
        """The person decides otherwise, or asks a manager to let them."""
        override = Override(
            messages.screening_of(request), messages.tier_of(request), request.reason, request.history_reviewed
        )

        async def act(uow: UnitOfWork) -> pb.OverrideDecisionResponse:
            decision = await deciding.override(_seen(request), override, self._packs, uow)
            return pb.OverrideDecisionResponse(decision=decision_message(decision))

        return await once(self._database, request, pb.OverrideDecisionResponse, act)

    async def ApproveOverride(self, request: pb.ApproveOverrideRequest, context: Any) -> pb.ApproveOverrideResponse:
        """A manager lets a requested override pass."""

        async def act(uow: UnitOfWork) -> pb.ApproveOverrideResponse:
            decision = await deciding.approve(_seen(request), self._packs, uow)
            return pb.ApproveOverrideResponse(decision=decision_message(decision))

        return await once(self._database, request, pb.ApproveOverrideResponse, act)

    async def RefuseOverride(self, request: pb.RefuseOverrideRequest, context: Any) -> pb.RefuseOverrideResponse:
        """A manager does not."""

        async def act(uow: UnitOfWork) -> pb.RefuseOverrideResponse:
            decision = await deciding.refuse(_seen(request), request.reason, uow)
            return pb.RefuseOverrideResponse(decision=decision_message(decision))

        return await once(self._database, request, pb.RefuseOverrideResponse, act)

    async def ReviewScreenOut(self, request: pb.ReviewScreenOutRequest, context: Any) -> pb.ReviewScreenOutResponse:
        """A second person upholds or reverses a screen-out."""

        async def act(uow: UnitOfWork) -> pb.ReviewScreenOutResponse:
            seen = _seen(request)
            if request.outcome == pb.REVIEW_OUTCOME_UPHELD:
                decision = await reviewing.uphold(seen, request.reason, uow)
            else:
                tier = messages.tier_of(request)
                decision = await reviewing.reverse(seen, request.reason, tier, self._packs, uow)
            return pb.ReviewScreenOutResponse(decision=decision_message(decision))

        return await once(self._database, request, pb.ReviewScreenOutResponse, act)

    async def MergeReport(self, request: pb.MergeReportRequest, context: Any) -> pb.MergeReportResponse:
        """A duplicate is closed into the report that it repeats."""

        async def act(uow: UnitOfWork) -> pb.MergeReportResponse:
            decision = await deciding.merge(_seen(request), UUID(request.into_report_id), request.reason, uow)
            return pb.MergeReportResponse(decision=decision_message(decision))

        return await once(self._database, request, pb.MergeReportResponse, act)

    async def AskConsultation(self, request: pb.AskConsultationRequest, context: Any) -> pb.AskConsultationResponse:
        """A screener asks a supervisor."""

        async def act(uow: UnitOfWork) -> pb.AskConsultationResponse:
            asked = await noting.ask(UUID(request.report_id), request.question, uow)
            return pb.AskConsultationResponse(consultation=messages.consultation_message(asked))

        return await once(self._database, request, pb.AskConsultationResponse, act)

    async def AnswerConsultation(
        self, request: pb.AnswerConsultationRequest, context: Any
    ) -> pb.AnswerConsultationResponse:
        """The supervisor answers."""

        async def act(uow: UnitOfWork) -> pb.AnswerConsultationResponse:
            answered = await noting.answer(UUID(request.consultation_id), request.answer, uow)
            return pb.AnswerConsultationResponse(consultation=messages.consultation_message(answered))

        return await once(self._database, request, pb.AnswerConsultationResponse, act)

    async def ListConsultations(
        self, request: pb.ListConsultationsRequest, context: Any
    ) -> pb.ListConsultationsResponse:
        """What waits for an answer, oldest first."""
        async with self._database.transaction() as uow:
            waiting = await notes.open_consultations(
                uow, office=request.office or None, limit=request.limit or _LISTED_AT_ONCE
            )
            return pb.ListConsultationsResponse(consultations=map(messages.consultation_message, waiting))

    async def NoteSource(self, request: pb.NoteSourceRequest, context: Any) -> pb.NoteSourceResponse:
        """How far the source can be relied upon."""

        async def act(uow: UnitOfWork) -> pb.NoteSourceResponse:
            reliability = Reliability(word(pb.Reliability, request.reliability))
            noted = await noting.note_source(UUID(request.report_id), reliability, request.note, uow)
            return pb.NoteSourceResponse(source_note=messages.source_note_message(noted))

        return await once(self._database, request, pb.NoteSourceResponse, act)

    async def FlagFalseReport(self, request: pb.FlagFalseReportRequest, context: Any) -> pb.FlagFalseReportResponse:
        """A suspicion, which decides nothing."""

        async def act(uow: UnitOfWork) -> pb.FlagFalseReportResponse:
            flagged = await noting.flag_false(UUID(request.report_id), request.grounds, uow)
            return pb.FlagFalseReportResponse(suspicion=messages.suspicion_message(flagged))

        return await once(self._database, request, pb.FlagFalseReportResponse, act)

    async def SettleFalseReport(
        self, request: pb.SettleFalseReportRequest, context: Any
    ) -> pb.SettleFalseReportResponse:
        """A supervisor refers a suspicion, or dismisses it."""

        async def act(uow: UnitOfWork) -> pb.SettleFalseReportResponse:
            outcome = SuspicionOutcome(word(pb.SuspicionOutcome, request.outcome))
            settled = await noting.settle_false(UUID(request.suspicion_id), outcome, request.reason, uow)
            return pb.SettleFalseReportResponse(suspicion=messages.suspicion_message(settled))

        return await once(self._database, request, pb.SettleFalseReportResponse, act)

    async def ListRatings(self, request: pb.ListRatingsRequest, context: Any) -> pb.ListRatingsResponse:
        """What the caller may rate, longest decided first."""
        async with self._database.transaction() as uow:
            found = await ratings.rateable(uow, acting().subject, request.limit or _LISTED_AT_ONCE)
            return pb.ListRatingsResponse(ratings=map(messages.rating_message, found))

    async def TakeRating(self, request: pb.TakeRatingRequest, context: Any) -> pb.TakeRatingResponse:
        """The caller rates this one, from its facts alone."""

        async def act(uow: UnitOfWork) -> pb.TakeRatingResponse:
            taken, decision = await rating.take(UUID(request.report_id), uow)
            facts = canonical(decision.facts).decode()
            return pb.TakeRatingResponse(rating=messages.rating_message(taken), facts_json=facts)

        return await once(self._database, request, pb.TakeRatingResponse, act)

    async def RateReport(self, request: pb.RateReportRequest, context: Any) -> pb.RateReportResponse:
        """The second judgement."""

        async def act(uow: UnitOfWork) -> pb.RateReportResponse:
            rated = await rating.rate(UUID(request.report_id), messages.response_of(request), uow)
            return pb.RateReportResponse(rating=messages.rating_message(rated))

        return await once(self._database, request, pb.RateReportResponse, act)

    async def GetAgreement(self, request: pb.GetAgreementRequest, context: Any) -> pb.GetAgreementResponse:
        """How often two people, each on their own, decided alike."""
        async with self._database.transaction() as uow:
            pairs = await ratings.pairs(uow, _given(request, "since"), _given(request, "until"))
        screening = agreement([(first.screening, second.screening) for first, second in pairs])
        tier = agreement([(first.tier or "", second.tier or "") for first, second in pairs])
        return pb.GetAgreementResponse(
            screening=messages.agreement_message(screening), tier=messages.agreement_message(tier)
        )

    async def GetFigures(self, request: pb.GetFiguresRequest, context: Any) -> pb.GetFiguresResponse:
        """Counts of reports by recommendation, decision and use of an interpreter."""
        async with self._database.transaction() as uow:
            found = await evaluations.figures(
                uow, _given(request, "since"), _given(request, "until"), request.office or None
            )
            return pb.GetFiguresResponse(figures=map(messages.figure_message, found))

    async def ListTraining(self, request: pb.ListTrainingRequest, context: Any) -> pb.ListTrainingResponse:
        """Training notices: who has acknowledged them, and who has not."""
        async with self._database.transaction() as uow:
            found = await training.standing(self._packs, request.pack_id or self._pack_id, request.version, uow)
            return pb.ListTrainingResponse(notices=map(messages.training_message, found))

    async def AcknowledgeTraining(
        self, request: pb.AcknowledgeTrainingRequest, context: Any
    ) -> pb.AcknowledgeTrainingResponse:
        """Who calls has read the training notice of a version."""

        async def act(uow: UnitOfWork) -> pb.AcknowledgeTrainingResponse:
            pack, given = await training.acknowledge(self._packs, request.pack_id, request.version, uow)
            return pb.AcknowledgeTrainingResponse(
                pack=pack_message(pack.ref), acknowledgement=messages.acknowledgement_message(given)
            )

        return await once(self._database, request, pb.AcknowledgeTrainingResponse, act)

    async def ListDecisions(
        self, request: pb.ListDecisionsRequest, context: Any
    ) -> AsyncIterator[pb.ListDecisionsResponse]:
        """Every recorded evaluation, oldest first."""
        recorded = evaluations.recorded(self._database, _given(request, "since"), _given(request, "until"))
        async for evaluation in recorded:
            yield messages.recorded_message(evaluation)


def _seen(request: Any) -> Seen:
    return Seen(UUID(request.report_id), request.version)


def _given(request: Any, name: str) -> Any:
    stamp: Timestamp = getattr(request, name)
    return instant(stamp) if request.HasField(name) else None
