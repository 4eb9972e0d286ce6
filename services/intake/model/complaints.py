"""A complaint about the hotline or its people. Casework promises that it is answered (R088)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.intake.model.contacts import Contact


class About(StrEnum):
    """What is complained of."""

    UNRETURNED_CALL = "UNRETURNED_CALL"
    CONDUCT = "CONDUCT"
    DELAY = "DELAY"
    DECISION = "DECISION"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint, received when its contact was; `text` is what was said, and stays in intake.

    `about_reference` is the number of what is complained of; empty if the caller has none.
    """

    id: UUID
    reference: str
    contact_id: UUID
    office: str
    about: About
    text: str = field(repr=False)
    received_at: datetime
    about_reference: str = ""
    version: int = 1


def filed(
    contact: Contact, *, complaint_id: UUID, reference: str, about: About, text: str, about_reference: str = ""
) -> Complaint:
    """A complaint that was made in this contact."""
    return Complaint(
        id=complaint_id,
        reference=reference,
        contact_id=contact.id,
        office=contact.office,
        about=about,
        text=text,
        received_at=contact.received_at,
        about_reference=about_reference,
    )
