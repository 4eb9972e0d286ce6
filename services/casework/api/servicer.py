"""`CaseworkService`: each call is one command in one unit of work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis import errors
from chassis.contract import instant, word
from chassis.database import Database
from chassis.identity import acting
from chassis.once import once
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import casework_service_pb2_grpc as rpc
from hotline.type.v1 import type_pb2
from policy.promise import (
    Acknowledge,
    Attempt,
    ConfirmLateEntry,
    Delegate,
    EscalateTo,
    Event,
    Owner,
    OwnerKind,
    Pause,
    Promise,
    RefuseLateEntry,
    Resume,
    Void,
)
from services.casework.api import messages
from services.casework.commands import answering, calls, investigations, late_entries, workforce
from services.casework.model.investigations import Contact, ContactResult, Finding, Investigation
from services.casework.model.presence import Absence, AbsenceKind
from services.casework.promises import certifying
from services.casework.promises import commands as promises
from services.casework.promises import store as ledger
from services.casework.promises.refusals import packs_refuse
from services.casework.promises.rules import Rules
from services.casework.store import calls as calls_store
from services.casework.store import investigations as investigations_store
from services.casework.store import workforce as workforce_store

Response = TypeVar("Response", bound=Message)
Opened = Callable[[UnitOfWork], Awaitable[Investigation]]
Happens = Callable[[Promise], Event]

_LISTED_AT_ONCE = 1000


class Casework(rpc.CaseworkServiceServicer):
    """`hotline.casework.v1.CaseworkService` on one database, judging by one set of rules."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules

    # Workforce

    async def RegisterStaff(self, request: pb.RegisterStaffRequest, context: Any) -> pb.RegisterStaffResponse:
        """Enter a member of staff, or what has changed about one."""
        member = messages.staff_of(request.staff)

        async def act(uow: UnitOfWork) -> pb.RegisterStaffResponse:
            await workforce.register(uow, member)
            return pb.RegisterStaffResponse(staff=messages.staff(member))

        return await once(self._database, request, pb.RegisterStaffResponse, act)

    async def ListStaff(self, request: pb.ListStaffRequest, context: Any) -> pb.ListStaffResponse:
        """Staff by office and role, each with the number of open investigations."""
        async with self._database.transaction() as uow:
            listed = await workforce_store.staff_listed(
                uow, request.office, request.role, request.specialty, request.language
            )
        return pb.ListStaffResponse(staff=[messages.staff(member, load) for member, load in listed])

    async def GetContactMethods(
        self, request: pb.GetContactMethodsRequest, context: Any
    ) -> pb.GetContactMethodsResponse:
        """How somebody is reached, for the service that sends messages."""
        async with self._database.transaction() as uow:
            member, version = await workforce_store.staff(uow, UUID(request.staff_id))
            methods = await workforce_store.contact_methods(uow, member.staff_id)
        return pb.GetContactMethodsResponse(
            staff_id=request.staff_id,
            email=next((method.address for method in methods if method.channel == "EMAIL"), member.email),
            version=version,
            methods=map(messages.contact_method, methods),
        )

    async def RecordAbsence(self, request: pb.RecordAbsenceRequest, context: Any) -> pb.RecordAbsenceResponse:
        """Somebody will not be there: ladders pass them by, and no investigation is given to them."""
        kind = AbsenceKind(word(pb.AbsenceKind, request.kind or pb.ABSENCE_KIND_OTHER))
        absence = Absence(instant(request.starts_at), instant(request.ends_at), kind)

        async def act(uow: UnitOfWork) -> pb.RecordAbsenceResponse:
            absence_id = await workforce.record_absence(uow, UUID(request.staff_id), absence)
            return pb.RecordAbsenceResponse(absence_id=str(absence_id))

        return await once(self._database, request, pb.RecordAbsenceResponse, act)

    # Investigations

    async def OpenInvestigation(
        self, request: pb.OpenInvestigationRequest, context: Any
    ) -> pb.OpenInvestigationResponse:
        """The investigation of a report, with its worker and its promises."""
        opening = investigations.Opening(
            report_id=str(UUID(request.report_id)),
            reference=request.reference,
            office=request.office,
            received_at=instant(request.received_at),
            tier=messages.tier_of(request),
            alleged_victims=tuple(request.alleged_victims),
        )
        return await self._investigate(
            request, pb.OpenInvestigationResponse, lambda uow: investigations.open_for(uow, self._rules, opening)
        )

    async def GetInvestigation(self, request: pb.GetInvestigationRequest, context: Any) -> pb.GetInvestigationResponse:
        """An investigation by its id or by its report's."""
        async with self._database.transaction() as uow:
            if request.HasField("report_id"):
                found = await investigations_store.investigation_of_report(uow, UUID(request.report_id))
            else:
                found = await investigations_store.investigation(uow, UUID(request.investigation_id))
        return pb.GetInvestigationResponse(investigation=messages.investigation(found))

    async def AssignWorker(self, request: pb.AssignWorkerRequest, context: Any) -> pb.AssignWorkerResponse:
        """By role and load, or the person who is named."""
        asked = UUID(request.investigation_id)
        named = UUID(request.staff_id) if request.staff_id else None
        return await self._investigate(
            request, pb.AssignWorkerResponse, lambda uow: investigations.assign(uow, self._rules, asked, named)
        )

    async def AcceptAssignment(self, request: pb.AcceptAssignmentRequest, context: Any) -> pb.AcceptAssignmentResponse:
        """The worker says: it is mine."""
        asked = UUID(request.investigation_id)
        return await self._investigate(
            request, pb.AcceptAssignmentResponse, lambda uow: investigations.accept(uow, self._rules, asked)
        )

    async def RecordContact(self, request: pb.RecordContactRequest, context: Any) -> pb.RecordContactResponse:
        """A contact with an alleged victim."""
        asked = UUID(request.investigation_id)
        result = ContactResult(word(pb.ContactResult, request.result))
        contact = Contact(request.child_id, result, instant(request.occurred_at))
        return await self._investigate(
            request,
            pb.RecordContactResponse,
            lambda uow: investigations.record_contact(uow, self._rules, asked, contact, request.late_reason),
        )

    async def RecordFinding(self, request: pb.RecordFindingRequest, context: Any) -> pb.RecordFindingResponse:
        """The end of an investigation."""
        asked, occurred_at = UUID(request.investigation_id), instant(request.occurred_at)
        finding = Finding(word(pb.Finding, request.finding))
        return await self._investigate(
            request,
            pb.RecordFindingResponse,
            lambda uow: investigations.record_finding(
                uow, self._rules, asked, finding, occurred_at, request.late_reason
            ),
        )

    async def CloseAlternative(self, request: pb.CloseAlternativeRequest, context: Any) -> pb.CloseAlternativeResponse:
        """The end of an alternative response."""
        asked = UUID(request.investigation_id)
        return await self._investigate(
            request,
            pb.CloseAlternativeResponse,
            lambda uow: investigations.close_alternative(uow, self._rules, asked),
        )

    # Promises

    async def MakePromise(self, request: pb.MakePromiseRequest, context: Any) -> pb.MakePromiseResponse:
        """The same kind, subject and cause make the same promise."""
        wanted = promises.Wanted(
            kind=request.kind,
            subject=messages.subject_of(request.subject),
            cause=request.cause,
            reference=request.reference,
            owner=messages.owner_of(request.owner),
            office=request.office,
            tier=messages.tier_of(request),
            received_at=instant(request.received_at),
        )
        async with self._command() as uow:
            made = await investigations.owe(uow, self._rules, wanted)
        return pb.MakePromiseResponse(promise=messages.promise(made))

    async def GetPromise(self, request: pb.GetPromiseRequest, context: Any) -> pb.GetPromiseResponse:
        """A promise with its timeline and everyone it was told to."""
        promise_id = UUID(request.promise_id)
        async with self._database.transaction() as uow:
            found = await ledger.read(uow, promise_id)
            history = await ledger.timeline(uow, promise_id)
            told = await ledger.told(uow, promise_id)
            callers = await calls_store.callers(uow, [promise_id])
        return pb.GetPromiseResponse(
            promise=messages.promise(found, callers.get(promise_id)),
            history=map(messages.entry, history),
            told=map(messages.told, told),
        )

    async def ListPromises(self, request: pb.ListPromisesRequest, context: Any) -> pb.ListPromisesResponse:
        """Promises by due time."""
        asked = ledger.Asked(
            open_only=request.open_only,
            office=request.office,
            subject_id=request.subject_id,
            reference=request.reference,
            due_before=instant(request.due_before) if request.HasField("due_before") else None,
            limit=request.limit or _LISTED_AT_ONCE,
            late_only=request.late_only,
        )
        async with self._database.transaction() as uow:
            found = await ledger.listed(uow, asked)
            callers = await calls_store.callers(uow, [promise.id for promise in found])
        return pb.ListPromisesResponse(promises=[messages.promise(p, callers.get(p.id)) for p in found])

    async def AcknowledgePromise(
        self, request: pb.AcknowledgePromiseRequest, context: Any
    ) -> pb.AcknowledgePromiseResponse:
        """Seen, not kept: the ladder holds for the pack's time."""
        return await self._happen(request, pb.AcknowledgePromiseResponse, lambda _: Acknowledge(acting().subject))

    async def RecordAttempt(self, request: pb.RecordAttemptRequest, context: Any) -> pb.RecordAttemptResponse:
        """Somebody tried; an outcome the pack stops on keeps the promise."""
        tried = Attempt(acting().subject, request.outcome, instant(request.occurred_at), request.late_reason)
        start = instant(request.safe_from) if request.HasField("safe_from") else None
        end = instant(request.safe_until) if request.HasField("safe_until") else None

        async def act(uow: UnitOfWork) -> pb.RecordAttemptResponse:
            after = await calls.attempt(uow, self._rules, UUID(request.promise_id), tried, (start, end))
            return pb.RecordAttemptResponse(promise=messages.promise(after))

        with packs_refuse():
            return await once(self._database, request, pb.RecordAttemptResponse, act)

    async def ConfirmLateEntry(self, request: pb.ConfirmLateEntryRequest, context: Any) -> pb.ConfirmLateEntryResponse:
        """Another person vouches for what was entered late, or does not."""
        by, promise_id = acting().subject, UUID(request.promise_id)
        judged = ConfirmLateEntry(by) if request.confirmed else RefuseLateEntry(by, request.reason)

        async def act(uow: UnitOfWork) -> pb.ConfirmLateEntryResponse:
            after = await late_entries.judge(uow, self._rules, promise_id, judged)
            return pb.ConfirmLateEntryResponse(promise=messages.promise(after))

        with packs_refuse():
            return await once(self._database, request, pb.ConfirmLateEntryResponse, act)

    async def DelegatePromise(self, request: pb.DelegatePromiseRequest, context: Any) -> pb.DelegatePromiseResponse:
        """Somebody else owes it from now on; the received time stays (R086)."""
        async with self._database.transaction() as uow:
            await workforce_store.staff(uow, UUID(request.to_staff_id))
        delegated = Delegate(Owner(OwnerKind.PERSON, str(UUID(request.to_staff_id))), acting().subject)
        return await self._happen(request, pb.DelegatePromiseResponse, lambda _: delegated)

    async def ExtendPromise(self, request: pb.ExtendPromiseRequest, context: Any) -> pb.ExtendPromiseResponse:
        """A later due time, as the pack allows."""
        return await self._happen(
            request,
            pb.ExtendPromiseResponse,
            lambda promise: promises.extension(self._rules, promise, request.days, request.reason),
        )

    async def PausePromise(self, request: pb.PausePromiseRequest, context: Any) -> pb.PausePromiseResponse:
        """Stop the clock for a legal reason the pack lists, with an end."""
        paused = Pause(request.reason, instant(request.until), acting().subject)
        return await self._happen(request, pb.PausePromiseResponse, lambda _: paused)

    async def ResumePromise(self, request: pb.ResumePromiseRequest, context: Any) -> pb.ResumePromiseResponse:
        """The clock runs on from now."""
        return await self._happen(request, pb.ResumePromiseResponse, lambda _: Resume(acting().subject))

    async def EscalateTo(self, request: pb.EscalateToRequest, context: Any) -> pb.EscalateToResponse:
        """Tell a chosen rung now."""
        return await self._happen(request, pb.EscalateToResponse, lambda _: EscalateTo(request.rung, acting().subject))

    async def RetierPromise(self, request: pb.RetierPromiseRequest, context: Any) -> pb.RetierPromiseResponse:
        """The report was upgraded: the same promise, only earlier."""
        tier = word(type_pb2.Tier, request.tier)
        return await self._happen(
            request, pb.RetierPromiseResponse, lambda promise: promises.upgrade(self._rules, promise, tier)
        )

    async def VoidPromise(self, request: pb.VoidPromiseRequest, context: Any) -> pb.VoidPromiseResponse:
        """The promise has lost its object."""
        return await self._happen(request, pb.VoidPromiseResponse, lambda _: Void(acting().subject, request.reason))

    async def ClimbRung(self, request: pb.ClimbRungRequest, context: Any) -> pb.ClimbRungResponse:
        """The alarm's question. It needs no key: the same instant gets the same answer."""
        async with self._command() as uow:
            answer = await promises.climb_rung(uow, self._rules, UUID(request.promise_id), instant(request.as_of))
            callers = await calls_store.callers(uow, [answer.promise.id] if answer.messages else [])
        return messages.alarmed(answer, callers.get(answer.promise.id))

    async def GetCertificate(self, request: pb.GetCertificateRequest, context: Any) -> pb.GetCertificateResponse:
        """How a closed promise was kept, signed, with what was added to that."""
        promise_id = UUID(request.promise_id)
        async with self._database.transaction() as uow:
            await ledger.read(uow, promise_id)
            certified = await ledger.certified(uow, promise_id)
            addenda = await ledger.addenda(uow, promise_id)
        if certified is None:
            raise errors.failed_precondition("WRONG_STATE", "the promise is open: it has no certificate yet")
        return pb.GetCertificateResponse(certificate_json=certified["body"], addenda_json=addenda)

    async def ListCertificates(self, request: pb.ListCertificatesRequest, context: Any) -> pb.ListCertificatesResponse:
        """All that was signed for an office, in the order of its chain."""
        async with self._database.transaction() as uow:
            found = await ledger.chained(uow, request.office, request.after)
        return pb.ListCertificatesResponse(documents_json=found)

    async def AmendCertificate(self, request: pb.AmendCertificateRequest, context: Any) -> pb.AmendCertificateResponse:
        """What somebody says of a promise that is closed."""
        said = Attempt(acting().subject, request.outcome, instant(request.occurred_at), request.reason)

        async def act(uow: UnitOfWork) -> pb.AmendCertificateResponse:
            signed = await certifying.amend(uow, self._rules, UUID(request.promise_id), said)
            return pb.AmendCertificateResponse(addendum_json=signed)

        return await once(self._database, request, pb.AmendCertificateResponse, act)

    # Calls

    async def CheckMessage(self, request: pb.CheckMessageRequest, context: Any) -> pb.CheckMessageResponse:
        """A message is heard, and the call it asks for is owed."""
        heard = calls.Heard(
            urgent=request.urgent,
            to=UUID(request.to_staff_id) if request.to_staff_id else None,
            no_call_because=request.no_call_because,
            occurred_at=instant(request.occurred_at),
            late_reason=request.late_reason,
        )

        async def act(uow: UnitOfWork) -> pb.CheckMessageResponse:
            checked, owed = await calls.check_message(uow, self._rules, UUID(request.promise_id), heard)
            return pb.CheckMessageResponse(
                checked=messages.promise(checked), callback=messages.promise(owed) if owed else None
            )

        with packs_refuse():
            return await once(self._database, request, pb.CheckMessageResponse, act)

    async def GetOfficeReport(self, request: pb.GetOfficeReportRequest, context: Any) -> pb.GetOfficeReportResponse:
        """How an office keeps its word to those who call."""
        since, until = instant(request.since), instant(request.until)
        with packs_refuse():
            async with self._database.transaction() as uow:
                report = await answering.office_report(uow, self._rules, request.office, since, until)
        return messages.office_report(request.office, report)

    @asynccontextmanager
    async def _command(self) -> AsyncIterator[UnitOfWork]:
        with packs_refuse():
            async with self._database.transaction() as uow:
                yield uow

    async def _investigate(self, request: Message, response: type[Response], command: Opened) -> Response:
        async def act(uow: UnitOfWork) -> Response:
            after = await command(uow)
            return response(investigation=messages.investigation(after))

        with packs_refuse():
            return await once(self._database, request, response, act)

    async def _happen(self, request: Message, response: type[Response], event: Happens) -> Response:
        promise_id = UUID(_promise_id(request))

        async def act(uow: UnitOfWork) -> Response:
            after = await promises.act(uow, self._rules, promise_id, event)
            return response(promise=messages.promise(after))

        with packs_refuse():
            return await once(self._database, request, response, act)


def _promise_id(request: Any) -> str:
    asked: str = request.promise_id
    return asked
