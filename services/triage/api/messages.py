"""Triage's values as the contract has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chassis.contract import number, stamp, word
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.type.v1 import type_pb2
from policy.agreement import Agreement
from policy.canonical import canonical
from services.triage.facts import pack_message
from services.triage.model.contradictions import contradictions
from services.triage.model.decisions import Decision, OverrideRequest, Problem, Review
from services.triage.model.notes import Consultation, SourceNote, Suspicion
from services.triage.model.ratings import Rating
from services.triage.model.training import Acknowledgement, Learner, Standing
from services.triage.model.urgency import Response, Screening
from services.triage.store.decisions import PastRequest, PastVerdict
from services.triage.store.evaluations import Evaluation, Figure, Recorded


def screening_of(request: Any) -> Screening:
    """The screening a request names."""
    return Screening(word(pb.Screening, request.screening))


def tier_of(request: Any) -> str | None:
    """The tier a request names, None if it names none."""
    return word(type_pb2.Tier, request.tier) if request.tier else None


def response_of(request: Any) -> Response:
    """The response a request names."""
    return Response(screening_of(request), tier_of(request))


def decision_message(decision: Decision) -> pb.Decision:
    """A decision, whole."""
    made, verdict = decision.recommendation, decision.verdict
    return pb.Decision(
        report_id=str(decision.report_id),
        reference=decision.reference,
        office=decision.office,
        received_at=stamp(decision.received_at),
        state=number(pb.DecisionState, decision.state),
        recommended=number(pb.Screening, made.screening if made else None),
        recommended_tier=number(type_pb2.Tier, made.tier if made else None),
        recommendation_json=canonical(made.whole).decode() if made else "",
        pack=pack_message(made.pack) if made else None,
        decided=number(pb.Screening, verdict.screening if verdict else None),
        decided_tier=number(type_pb2.Tier, verdict.tier if verdict else None),
        decided_by=verdict.decided_by if verdict else "",
        decided_at=stamp(verdict.decided_at) if verdict else None,
        overridden=verdict.overridden if verdict else False,
        reason=verdict.reason if verdict else "",
        approved_by=(verdict.approved_by if verdict else None) or "",
        problem=_said(decision.problem) if decision.problem else "",
        version=decision.version,
        report_version=decision.report_version,
        taken_by=decision.taken_by or "",
        override_request=_request(decision.request) if decision.request else None,
        review_due=decision.review is Review.DUE,
        review=_reviewed(decision.review),
        reviewed_by=decision.reviewed_by or "",
        merged_into_report_id=str(decision.merged_into or ""),
        contradictions=[
            pb.Contradiction(paths=found.paths, because=found.because) for found in contradictions(decision.facts)
        ],
        lower_offered=decision.lower_offered,
        drawn_for_review=decision.drawn_for_review,
    )


def entry_message(decision: Decision) -> pb.Decision:
    """A decision as the queue shows it: without the evaluator's whole output."""
    message = decision_message(replace(decision, recommendation=None))
    if made := decision.recommendation:
        message.recommended = number(pb.Screening, made.screening)
        message.recommended_tier = number(type_pb2.Tier, made.tier)
        message.pack.CopyFrom(pack_message(made.pack))
    return message


def verdict_message(past: PastVerdict) -> pb.Verdict:
    """One verdict, the version that it made, and the evaluation that it was made on."""
    verdict = past.verdict
    return pb.Verdict(
        version=past.version,
        report_version=past.report_version or 0,
        screening=number(pb.Screening, verdict.screening),
        tier=number(type_pb2.Tier, verdict.tier),
        decided_by=verdict.decided_by,
        decided_at=stamp(verdict.decided_at),
        overridden=verdict.overridden,
        reason=verdict.reason,
        approved_by=verdict.approved_by or "",
    )


def request_message(past: PastRequest) -> pb.OverrideRequest:
    """One request for approval, and how it ended."""
    message = _request(past.request)
    if settled := past.settled:
        message.outcome, message.settled_by, message.refused_because = settled.outcome, settled.by, settled.because
        message.settled_at.FromDatetime(settled.at)
    return message


def evaluation_message(evaluation: Evaluation) -> pb.Evaluation:
    """One screening, byte for byte."""
    return pb.Evaluation(
        report_id=str(evaluation.report_id),
        report_version=evaluation.report_version,
        evaluated_at=stamp(evaluation.evaluated_at),
        facts_json=evaluation.facts,
        pack=pack_message(evaluation.pack) if evaluation.pack else None,
        recommendation_json=evaluation.recommendation,
        problem=_said(evaluation.problem) if evaluation.problem else "",
    )


def recorded_message(recorded: Recorded) -> pb.ListDecisionsResponse:
    """One screening with what it is grouped by."""
    return pb.ListDecisionsResponse(
        evaluation=evaluation_message(recorded.evaluation),
        office=recorded.office,
        channel=number(type_pb2.Channel, recorded.channel),
        language=recorded.language,
        interpreter_used=recorded.interpreter_used,
        latest=recorded.latest,
        decided=number(pb.Screening, recorded.decided),
        decided_tier=number(type_pb2.Tier, recorded.decided_tier),
        overridden=recorded.overridden,
    )


def source_note_message(note: SourceNote) -> pb.SourceNote:
    """A note on a source."""
    return pb.SourceNote(
        note_id=str(note.id),
        reliability=number(pb.Reliability, note.reliability),
        note=note.note,
        noted_by=note.noted_by,
        noted_at=stamp(note.noted_at),
    )


def consultation_message(consultation: Consultation) -> pb.Consultation:
    """A question, and its answer if there is one."""
    return pb.Consultation(
        consultation_id=str(consultation.id),
        report_id=str(consultation.report_id),
        question=consultation.question,
        asked_by=consultation.asked_by,
        asked_at=stamp(consultation.asked_at),
        answer=consultation.answer,
        answered_by=consultation.answered_by or "",
        answered_at=stamp(consultation.answered_at),
    )


def suspicion_message(suspicion: Suspicion) -> pb.Suspicion:
    """A suspicion, and what became of it."""
    return pb.Suspicion(
        suspicion_id=str(suspicion.id),
        report_id=str(suspicion.report_id),
        grounds=suspicion.grounds,
        flagged_by=suspicion.flagged_by,
        flagged_at=stamp(suspicion.flagged_at),
        outcome=number(pb.SuspicionOutcome, suspicion.outcome),
        settled_because=suspicion.settled_because,
        settled_by=suspicion.settled_by or "",
        settled_at=stamp(suspicion.settled_at),
    )


def rating_message(rating: Rating) -> pb.RatingTask:
    """A report to be rated, with nothing of what was decided on it."""
    return pb.RatingTask(
        report_id=str(rating.report_id),
        reference=rating.reference,
        office=rating.office,
        received_at=stamp(rating.received_at),
        rater=rating.rater,
        rated_at=stamp(rating.rated_at),
    )


def agreement_message(agreement: Agreement) -> pb.Agreement:
    """Agreement with its bounds, which are unset where they are not defined."""
    message = pb.Agreement(pairs=agreement.pairs, agreed=agreement.agreed)
    if agreement.share_interval is not None:
        message.share_low = agreement.share_interval.low
        message.share_high = agreement.share_interval.high
    if agreement.kappa is not None and agreement.kappa_interval is not None:
        message.kappa = agreement.kappa
        message.kappa_low = agreement.kappa_interval.low
        message.kappa_high = agreement.kappa_interval.high
    return message


def figure_message(figure: Figure) -> pb.Figure:
    """A group of reports and how many they are."""
    return pb.Figure(
        interpreter_used=figure.interpreter_used,
        recommended=number(pb.Screening, figure.recommended),
        recommended_tier=number(type_pb2.Tier, figure.recommended_tier),
        decided=number(pb.Screening, figure.decided),
        decided_tier=number(type_pb2.Tier, figure.decided_tier),
        overridden=figure.overridden,
        state=number(pb.DecisionState, figure.state),
        reports=figure.reports,
    )


def _request(request: OverrideRequest) -> pb.OverrideRequest:
    return pb.OverrideRequest(
        request_id=str(request.id),
        screening=number(pb.Screening, request.response.screening),
        tier=number(type_pb2.Tier, request.response.tier),
        reason=request.reason,
        requested_by=request.requested_by,
        requested_at=stamp(request.requested_at),
    )


def _reviewed(review: Review | None) -> pb.ReviewOutcome.ValueType:
    return number(pb.ReviewOutcome, None if review is Review.DUE else review)


def _said(problem: Problem) -> str:
    return f"{problem.code}: {', '.join(problem.paths)}" if problem.paths else problem.code


def training_message(standing: Standing) -> pb.TrainingNotice:
    """A training notice, with who has acknowledged it and who has not."""
    notice = standing.notice
    return pb.TrainingNotice(
        pack=pack_message(notice.pack),
        effective_from=stamp(notice.effective_from),
        notice=notice.text,
        roles=notice.roles,
        acknowledgements=map(acknowledgement_message, standing.acknowledgements),
        open=map(_learner_message, standing.open),
    )


def acknowledgement_message(given: Acknowledgement) -> pb.TrainingAcknowledgement:
    """An acknowledgement."""
    return pb.TrainingAcknowledgement(staff_id=given.staff_id, acknowledged_at=stamp(given.acknowledged_at))


def _learner_message(learner: Learner) -> pb.OpenTraining:
    return pb.OpenTraining(
        staff_id=learner.staff_id,
        roles=learner.roles,
        office=learner.office,
        decided_since=stamp(learner.decided_since),
    )
