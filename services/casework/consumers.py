"""Facts of others, each turned into a command: from screening, calls and sent messages to promises."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from chassis.consumer import Handler
from chassis.contract import instant, word
from chassis.envelope import Envelope
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_service_pb2 as casework
from hotline.intake.v1 import intake_service_pb2 as intake
from hotline.intake.v1.intake_events_pb2 import (
    CallbackRequested,
    ComplaintFiled,
    ContactClosed,
    ContactOpened,
    VoicemailLeft,
)
from hotline.notifications.v1.notifications_events_pb2 import NotificationFailed, NotificationSent
from hotline.triage.v1 import triage_service_pb2 as triage
from hotline.triage.v1.triage_events_pb2 import (
    DecisionMade,
    ReportMerged,
    ReportNeedsFacts,
    ReportRecommended,
    ScreenOutReviewed,
)
from hotline.type.v1 import type_pb2
from services.casework.api.messages import owner_of, tier_of
from services.casework.commands import answering, calls, screening
from services.casework.commands.screening import Screened
from services.casework.promises import deliveries
from services.casework.promises.rules import Rules
from services.casework.store.calls import Caller

_BY_VOICE = frozenset({type_pb2.CHANNEL_VOICE, type_pb2.CHANNEL_TTY})


def subscriptions(rules: Rules) -> Mapping[str, Mapping[str, Handler]]:
    """What casework does with each fact it reads."""

    async def recommended(fact: ReportRecommended, _: Envelope, uow: UnitOfWork) -> None:
        await screening.recommended(uow, rules, _screened(fact))

    async def needs_facts(fact: ReportNeedsFacts, _: Envelope, uow: UnitOfWork) -> None:
        await screening.owe_decision(uow, rules, _not_screened(fact))

    async def decided(fact: DecisionMade, _: Envelope, uow: UnitOfWork) -> None:
        await screening.decided(uow, rules, _screened(fact), fact.decided_by, instant(fact.decided_at))

    async def reviewed(fact: ScreenOutReviewed, _: Envelope, uow: UnitOfWork) -> None:
        await screening.reviewed(uow, rules, fact.report_id, fact.reviewed_by, instant(fact.reviewed_at))

    async def merged(fact: ReportMerged, _: Envelope, uow: UnitOfWork) -> None:
        await screening.merged(uow, rules, fact.report_id, fact.into_reference)

    async def callback(fact: CallbackRequested, _: Envelope, uow: UnitOfWork) -> None:
        await calls.owe_callback(uow, rules, _callback(fact))

    async def voicemail(fact: VoicemailLeft, _: Envelope, uow: UnitOfWork) -> None:
        await calls.owe_voicemail_check(uow, rules, _voicemail(fact))
        await answering.message_left(uow, rules, _left(fact))

    async def complaint(fact: ComplaintFiled, _: Envelope, uow: UnitOfWork) -> None:
        await calls.owe_answer(uow, rules, _complaint(fact))

    async def rang(fact: ContactOpened, _: Envelope, uow: UnitOfWork) -> None:
        if fact.channel in _BY_VOICE:
            await answering.rang(uow, rules, UUID(fact.contact_id), fact.office, instant(fact.received_at))

    async def ended(fact: ContactClosed, _: Envelope, uow: UnitOfWork) -> None:
        await answering.ended(uow, UUID(fact.contact_id), word(intake.ContactOutcome, fact.outcome))

    async def sent(fact: NotificationSent, _: Envelope, uow: UnitOfWork) -> None:
        channel = word(casework.ContactChannel, fact.channel) if fact.channel else None
        await deliveries.sent(uow, rules, fact.key, instant(fact.sent_at), channel)

    async def failed(fact: NotificationFailed, _: Envelope, uow: UnitOfWork) -> None:
        await deliveries.failed(uow, rules, fact.key, fact.code)

    return {
        "hotline.triage.decision.v1": {
            ReportRecommended.DESCRIPTOR.full_name: recommended,
            ReportNeedsFacts.DESCRIPTOR.full_name: needs_facts,
            DecisionMade.DESCRIPTOR.full_name: decided,
            ScreenOutReviewed.DESCRIPTOR.full_name: reviewed,
            ReportMerged.DESCRIPTOR.full_name: merged,
        },
        "hotline.intake.contact.v1": {
            ContactOpened.DESCRIPTOR.full_name: rang,
            ContactClosed.DESCRIPTOR.full_name: ended,
        },
        "hotline.intake.callback.v1": {CallbackRequested.DESCRIPTOR.full_name: callback},
        "hotline.intake.voicemail.v1": {VoicemailLeft.DESCRIPTOR.full_name: voicemail},
        "hotline.intake.complaint.v1": {ComplaintFiled.DESCRIPTOR.full_name: complaint},
        "hotline.notifications.notification.v1": {
            NotificationSent.DESCRIPTOR.full_name: sent,
            NotificationFailed.DESCRIPTOR.full_name: failed,
        },
    }


def _screened(fact: ReportRecommended | DecisionMade) -> Screened:
    return Screened(
        report_id=fact.report_id,
        reference=fact.reference,
        office=fact.office,
        received_at=instant(fact.received_at),
        screening=word(triage.Screening, fact.screening),
        tier=tier_of(fact),
        tasks=tuple(fact.tasks),
        alleged_victims=tuple(fact.alleged_victims),
        clocks=tuple(fact.clocks),
        amended_at=_amended(fact) if isinstance(fact, ReportRecommended) else None,
    )


def _not_screened(fact: ReportNeedsFacts) -> Screened:
    return Screened(
        fact.report_id,
        fact.reference,
        fact.office,
        instant(fact.received_at),
        screening="",
        tier=None,
        amended_at=_amended(fact),
    )


def _amended(fact: ReportRecommended | ReportNeedsFacts) -> datetime | None:
    return instant(fact.amended_at) if fact.HasField("amended_at") else None


def _callback(fact: CallbackRequested) -> calls.Callback:
    return calls.Callback(
        callback_id=fact.callback_id,
        reference=fact.reference,
        office=fact.office,
        urgent=fact.urgent,
        owner=owner_of(fact.owner),
        received_at=instant(fact.received_at),
        caller=Caller(
            word(type_pb2.CallerClass, fact.caller_class),
            instant(fact.safe_from) if fact.HasField("safe_from") else None,
            instant(fact.safe_until) if fact.HasField("safe_until") else None,
        ),
    )


def _voicemail(fact: VoicemailLeft) -> calls.Voicemail:
    return calls.Voicemail(
        voicemail_id=fact.voicemail_id,
        office=fact.office,
        staff_id=fact.staff_id,
        received_at=instant(fact.received_at),
        caller=Caller(word(type_pb2.CallerClass, fact.caller_class)),
    )


def _left(fact: VoicemailLeft) -> answering.Left:
    return answering.Left(
        contact_id=UUID(fact.contact_id) if fact.contact_id else None,
        office=fact.office,
        received_at=instant(fact.received_at),
        reason=word(intake.VoicemailReason, fact.reason),
        live_person_offered=fact.live_person_offered,
    )


def _complaint(fact: ComplaintFiled) -> calls.Complaint:
    return calls.Complaint(
        complaint_id=fact.complaint_id,
        reference=fact.reference,
        office=fact.office,
        received_at=instant(fact.received_at),
        about=word(intake.ComplaintAbout, fact.about),
        about_reference=fact.about_reference,
    )
