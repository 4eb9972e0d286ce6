"""A report: what somebody told about children, as coded answers and in words. Once submitted it is never lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from policy.errors import Refused
from services.intake.model.contacts import Channel, Contact

Answer = str | int
"""YES, NO, UNKNOWN, NOT_ASKED, another listed code, or a number. Which keys and values exist is the pack's to say."""


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """What was asked about one child; `id` names it within its report only, as in `c1`."""

    id: str
    criteria: tuple[str, ...]
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class ScreeningFacts:
    """All coded answers of a report: what screening sees of it, and nothing else."""

    report: Mapping[str, Answer]
    children: tuple[ChildFacts, ...]


class ParticipantRole(StrEnum):
    """What somebody is to the report."""

    ALLEGED_VICTIM = "ALLEGED_VICTIM"
    CHILD = "CHILD"
    CAREGIVER = "CAREGIVER"
    ALLEGED_PERPETRATOR = "ALLEGED_PERPETRATOR"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody the report speaks of. Name and address are not shown when it is printed: objects end up in logs."""

    id: str
    role: ParticipantRole
    name: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports, as far as they said (R012); kept apart from the report."""

    name: str = field(repr=False)
    contact: str = field(repr=False)

    @property
    def anonymous(self) -> bool:
        """Nothing is known by which the reporter could be found (R014)."""
        return not (self.name or self.contact)


class ReasonableCause(StrEnum):
    """What a reporter's reasonable cause to believe that a child is harmed or at risk rests on (R016)."""

    WITNESSED = "WITNESSED"
    CHILD_SAID = "CHILD_SAID"
    SIGNS = "SIGNS"
    OTHERS_SAID = "OTHERS_SAID"
    RECORDS = "RECORDS"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a worker wrote down while the reporter spoke."""

    facts: ScreeningFacts
    participants: tuple[Participant, ...]
    narrative: str = field(repr=False)
    reporter: Reporter
    interpreter_used: bool
    reasonable_cause: tuple[ReasonableCause, ...] = ()


@dataclass(frozen=True, slots=True)
class Amendment:
    """What is known of a report later: all answers and the whole narrative anew, and the people who are new in it."""

    facts: ScreeningFacts
    new_participants: tuple[Participant, ...]
    narrative: str = field(repr=False)
    interpreter_used: bool
    reasonable_cause: tuple[ReasonableCause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report. Its clocks run from `received_at`, the contact's; `recorded_at` is when it was written down."""

    id: UUID
    reference: str
    contact_id: UUID
    office: str
    channel: Channel
    language: str
    received_at: datetime
    recorded_at: datetime
    facts: ScreeningFacts
    participants: tuple[Participant, ...]
    narrative: str = field(repr=False)
    anonymous: bool
    interpreter_used: bool
    reasonable_cause: tuple[ReasonableCause, ...] = ()
    version: int = 1


def submitted(contact: Contact, statement: Statement, *, report_id: UUID, reference: str, at: datetime) -> Report:
    """The report of a statement.

    The contact may have been closed: callers hang up while the worker still writes, and no report is refused for that.
    """
    _refuse_muddled_people(statement.facts, statement.participants, "participants")
    return Report(
        id=report_id,
        reference=reference,
        contact_id=contact.id,
        office=contact.office,
        channel=contact.channel,
        language=contact.language,
        received_at=contact.received_at,
        recorded_at=at,
        facts=statement.facts,
        participants=statement.participants,
        narrative=statement.narrative,
        anonymous=statement.reporter.anonymous,
        interpreter_used=statement.interpreter_used,
        reasonable_cause=statement.reasonable_cause,
    )


def amended(report: Report, amendment: Amendment, *, at: datetime) -> Report:
    """The report's next version: what is known now, in place of what was. Nobody who stood in it is taken out.

    When it was received, and with that every clock, stays as it was.
    """
    known = [participant.id for participant in report.participants]
    for place, participant in enumerate(amendment.new_participants):
        if participant.id in known:
            message = f"the id {participant.id} stands in the report already: give a new person an id of their own"
            raise Refused("INVALID_REQUEST", message, f"new_participants[{place}].id")
    _refuse_muddled_people(amendment.facts, amendment.new_participants, "new_participants")
    _refuse_forgotten_children(report, amendment.facts)
    return replace(
        report,
        recorded_at=at,
        facts=amendment.facts,
        participants=(*report.participants, *amendment.new_participants),
        narrative=amendment.narrative,
        interpreter_used=amendment.interpreter_used,
        reasonable_cause=amendment.reasonable_cause,
        version=report.version + 1,
    )


def _refuse_muddled_people(facts: ScreeningFacts, participants: Sequence[Participant], path: str) -> None:
    children = [child.id for child in facts.children]
    _refuse_repeated(children, "facts.children")
    _refuse_repeated((participant.id for participant in participants), path)
    for place, participant in enumerate(participants):
        if participant.role is ParticipantRole.ALLEGED_VICTIM and participant.id not in children:
            message = f"is an alleged victim without screening facts: the children are {', '.join(children)}"
            raise Refused("INVALID_REQUEST", message, f"{path}[{place}].id")


def _refuse_forgotten_children(report: Report, facts: ScreeningFacts) -> None:
    forgotten = {child.id for child in report.facts.children} - {child.id for child in facts.children}
    if forgotten:
        message = f"{', '.join(sorted(forgotten))} of the earlier version is missing: every child stays in its report"
        raise Refused("INVALID_REQUEST", message, "facts.children")


def _refuse_repeated(ids: Iterable[str], path: str) -> None:
    repeated = [name for name, times in Counter(ids).items() if times > 1]
    if repeated:
        raise Refused("INVALID_REQUEST", f"the id {repeated[0]} stands twice: each must be its own", path)
