"""Requests as tests send them, with invented people; each may be changed by naming a field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from hotline.intake.v1 import intake_service_pb2 as pb
from hotline.type.v1 import type_pb2

RANG = datetime(2026, 11, 2, 17, 30, tzinfo=UTC)
OFFICE = "cook-north"


def key() -> str:
    """An idempotency key that was never used."""
    return str(uuid4())


def at(instant: datetime) -> Timestamp:
    """A time as a message has it."""
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp


def a_contact(**changed: Any) -> pb.OpenContactRequest:
    """A phone call to an office."""
    given: dict[str, Any] = {
        "idempotency_key": key(),
        "channel": type_pb2.CHANNEL_VOICE,
        "office": OFFICE,
        "received_at": at(RANG),
        "danger_now": pb.DANGER_NOW_NO,
    }
    return pb.OpenContactRequest(**given | changed)


def a_report(contact_id: str, **changed: Any) -> pb.SubmitReportRequest:
    """A mandated reporter tells of an injury, with a child who is afraid: T1 by its tree."""
    given: dict[str, Any] = {
        "idempotency_key": key(),
        "contact_id": contact_id,
        "facts": screening_facts(),
        "participants": [
            pb.Participant(id="c1", role=pb.Participant.ROLE_ALLEGED_VICTIM, name="Wren Example"),
            pb.Participant(id="a1", role=pb.Participant.ROLE_CAREGIVER, name="Ash Example", address="1 Invented Lane"),
        ],
        "narrative": "The child said that it happened again.",
        "reporter": pb.Reporter(name="Robin Example", contact="555 0100"),
    }
    return pb.SubmitReportRequest(**given | changed)


def screening_facts(
    report: dict[str, str | int] | None = None, *children: tuple[list[str], dict[str, str | int]]
) -> pb.ScreeningFacts:
    """Coded answers: those of the report beside the usual ones, and of each child its criteria and answers."""
    told = children or ((["PA2"], A_FRIGHTENED_CHILD),)
    usual: dict[str, str | int] = {"child_under_18": "YES", "reporter": "MANDATED", "can_be_located": "YES"}
    return pb.ScreeningFacts(
        report=_answers(usual | (report or {})),
        children=[
            pb.ChildFacts(id=f"c{place}", criteria=criteria, facts=_answers(answers))
            for place, (criteria, answers) in enumerate(told, start=1)
        ],
    )


A_FRIGHTENED_CHILD: dict[str, str | int] = {
    "danger_now": "NO",
    "age_months": 108,
    "relation": "CAREGIVER",
    "severity": 2,
    "access": "H24",
    "protective_adult": "NO",
    "safe_place": "NO",
    "afraid_to_go_home": "YES",
    "last_incident_days": 1,
}


def _answers(answers: dict[str, str | int]) -> dict[str, pb.Answer]:
    return {
        name: pb.Answer(number=answer) if isinstance(answer, int) else pb.Answer(code=answer)
        for name, answer in answers.items()
    }
