"""What a scenario file says. These classes are the format: `schema.json` is made from them, for editors.

A contact is told from three sides: what the caller brings, what people then do, and what must come of it. Clocks are
the pack's; a scenario never expects a duration, because how fast a machine is says nothing about a hotline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from scenarios.acts import Act
from scenarios.words import Duration, Kind, Months, Slug, Told, When

Answer = Literal["YES", "NO", "UNKNOWN"]
Channel = Literal["VOICE", "SMS", "EMAIL", "TTY", "WEB", "MOBILE", "SOCIAL"]
CallerClass = Literal["CITIZEN", "CLIENT", "CAREGIVER", "PROVIDER", "COURT", "POLICE", "AGENCY", "SUPERIOR"]
Fate = Literal["MET", "LATE", "VOID", "MET_RECORDED_LATE", "OPEN", "HELD", "PAUSED", "OVERDUE", "AWAITS_CONFIRMATION"]
Outcome = Literal[
    "REPORT",
    "INFORMATION",
    "SERVICE_REQUEST",
    "CALLBACK",
    "VOICEMAIL",
    "ABANDONED",
    "COMPLAINT",
    "WRONG_NUMBER",
    "OTHER",
]
ReasonableCause = Literal["WITNESSED", "CHILD_SAID", "SIGNS", "OTHERS_SAID", "RECORDS"]
Role = Literal["INTAKE_SPECIALIST", "SCREENER", "INVESTIGATOR", "SUPERVISOR", "MANAGER", "DIRECTOR", "ADMIN"]
Screening = Literal["SCREEN_IN", "SCREEN_OUT", "ALTERNATIVE", "INFORMATION", "SERVICE"]
Tier = Literal["T0", "T1", "T2", "T3", "T4", "none"]

Office = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
Line = Annotated[str, Field(min_length=1, max_length=200)]

# People are the same from shift to shift, so that a second play does not double the staff.
_PEOPLE = UUID("6f1b8f0e-3c1d-5a53-9c0b-8a2f5f0c7d11")


def staff_id(slug: str) -> str:
    """The id under which a person of a scenario is registered with the workforce."""
    return str(uuid5(_PEOPLE, slug))


class Part(BaseModel):
    """A mapping of the file: its keys are these and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(Part):
    """A member of staff, by an invented name."""

    name: Line
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    supervisor: Slug | None = None
    office: Office | None = Field(None, description="Else the scenario's office.")
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = Field(None, description="Else made of the id.")


class Absence(Part):
    """Somebody who is not there, for the whole shift unless it says from when or until when."""

    who: Slug
    since: Duration = timedelta(0)
    until: Duration | None = None


class Caller(Part):
    """Who is owed a call back, and where the call came from."""

    kind: CallerClass = "CITIZEN"
    address: Annotated[str, Field(max_length=60)] = ""


class Reporter(Part):
    """Who reports. Without name and contact the reporter stays anonymous (R012, R014)."""

    kind: Literal["MANDATED", "PERMISSIVE", "ANONYMOUS", "UNKNOWN"]
    name: Annotated[str, Field(max_length=200)] = ""
    contact: Annotated[str, Field(max_length=200)] = ""


class Child(Part):
    """A child the report speaks of; with a criterion ticked it is an alleged victim."""

    id: Slug
    name: Annotated[str, Field(max_length=200)] = ""
    age: Months | None = Field(None, description="As in 9 years or 5 months; what screening calls age_months.")
    criteria: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{1,2}$")], ...] = ()
    facts: Mapping[str, str | int] = {}

    @property
    def answers(self) -> dict[str, str | int]:
        """The facts as they are submitted, the age among them."""
        return dict(self.facts) | ({"age_months": self.age} if self.age is not None else {})


class Report(Part):
    """What is said, and how the call-taker codes it: the keys and values are those of the pack."""

    narrative: Annotated[str, Field(min_length=1, max_length=20_000)]
    children: Annotated[tuple[Child, ...], Field(min_length=1)]
    facts: Mapping[str, str | int] = {}
    duplicate_of: Slug | None = Field(
        None, description="An earlier contact of this file whose report this one repeats."
    )
    interpreter: bool = False
    reasonable_cause: tuple[ReasonableCause, ...] = Field((), description="What the reporter's belief rests on (R016).")
    takes: Duration = Field(timedelta(0), description="How long the telling lasts: clocks run from the ring.")


class Callback(Part):
    """The caller wants to be called back, by a person or by the call floor (R080, R081)."""

    urgent: bool = False
    to: Slug | None = None


class Voicemail(Part):
    """A message left for a person (R082-R084)."""

    to: Slug


class Complaint(Part):
    """A complaint about the hotline or its people (R088)."""

    about: Literal["UNRETURNED_CALL", "CONDUCT", "DELAY", "DECISION", "OTHER"]
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class Ending(Part):
    """A contact that brings nothing that is owed an act."""

    outcome: Literal["INFORMATION", "SERVICE_REQUEST", "ABANDONED", "WRONG_NUMBER", "OTHER"]
    reason: Annotated[str, Field(max_length=200)] = ""


class Decision(Part):
    """What screening came to: decided by a person, or still only recommended."""

    screening: Screening | Literal["NEEDS_FACTS"]
    tier: Tier = "none"
    reason: Annotated[str, Field(pattern=r"^[A-Z_]{2,40}$")] | None = Field(None, description="Why it is screened out.")
    decided: bool = Field(True, description="false: it must still wait for a person.")


class Promised(Part):
    """How one promise ends, or stands at the end of the shift."""

    is_: Fate = Field(alias="is")
    told: tuple[Told, ...] | None = Field(None, description="Everybody who is told, in order; left out: not compared.")
    kept_by: Slug | None = Field(None, description="Whose act kept it.")


class _OneOrMore:
    """`MET`, `{is: MET, ...}` or a list of them: a contact seldom has two promises of one kind."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(core)
        short = {"enum": list(Fate.__args__)}  # type: ignore[attr-defined]  # a Literal keeps its words there
        return {"anyOf": [short, many["items"], many | {"items": {"anyOf": [short, many["items"]]}}]}


def _promised(value: Any) -> Any:
    listed = value if isinstance(value, list) else [value]
    return [{"is": each} if isinstance(each, str) else each for each in listed]


class Expectation(Part):
    """What must come of a contact. A promise or a message that is not expected here is a difference."""

    outcome: Outcome | None = Field(None, description="Else what the contact's own kind says.")
    decision: Decision | None = None
    assigned: Slug | None = None
    promises: Mapping[Kind, Annotated[tuple[Promised, ...], BeforeValidator(_promised), _OneOrMore()]] = {}
    messages: tuple[Told, ...] = Field((), description="Messages that belong to no promise, as person@TEMPLATE.")
    order: tuple[When, ...] = Field((), description="What must have happened, in this order.")


_OUTCOMES: Mapping[str, Outcome] = {
    "report": "REPORT",
    "callback": "CALLBACK",
    "voicemail": "VOICEMAIL",
    "complaint": "COMPLAINT",
}
_BRINGS = (*_OUTCOMES, "ends")


class Contact(Part):
    """One contact: who calls and how, what they bring, what people do about it, and what must come of it."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in _BRINGS]})

    id: Slug
    about: Annotated[str, Field(max_length=200)] = ""
    at: Duration = Field(description="When it rings, from the start of the shift.")
    channel: Channel
    office: Office | None = Field(None, description="Else the scenario's office.")
    danger_now: Literal["YES", "NO", "NOT_ASKED"] = "NO"
    taken_by: Slug | None = Field(None, description="Else the first intake specialist of the office.")
    caller: Caller = Caller()
    reporter: Reporter | None = None
    language: Annotated[str, Field(max_length=35)] = ""
    report: Report | None = None
    callback: Callback | None = None
    voicemail: Voicemail | None = None
    complaint: Complaint | None = None
    ends: Ending | None = None
    people: tuple[Act, ...] = ()
    expect: Expectation

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        brought = [kind for kind in _BRINGS if getattr(self, kind) is not None]
        if len(brought) != 1:
            has = " and ".join(brought) or "none"
            raise ValueError(f"a contact brings one of {', '.join(_BRINGS)}; this one has {has}")
        return self

    @property
    def outcome(self) -> Outcome:
        """How the contact must end."""
        if self.expect.outcome:
            return self.expect.outcome
        return self.ends.outcome if self.ends else next(o for kind, o in _OUTCOMES.items() if getattr(self, kind))


class Scenario(Part):
    """A shift."""

    name: Slug
    about: str = ""
    pack: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    office: Office
    until: Duration = Field(timedelta(minutes=3), description="The end of the shift: by then all must have come about.")
    staff: Annotated[Mapping[Slug, Person], Field(min_length=1)]
    absences: tuple[Absence, ...] = ()
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1)]

    def office_of(self, contact: Contact) -> str:
        """Where the contact is taken."""
        return contact.office or self.office

    def person_office(self, slug: str) -> str:
        """Where a person works."""
        return self.staff[slug].office or self.office

    def email_of(self, slug: str) -> str:
        """Where a person gets mail."""
        return self.staff[slug].email or f"{slug}@hotline.example"

    def taker_of(self, contact: Contact) -> str | None:
        """The intake specialist who takes the contact, if there is one."""
        return contact.taken_by or next(self._with_role("INTAKE_SPECIALIST", self.office_of(contact)), None)

    def _with_role(self, role: str, office: str) -> Iterator[str]:
        here = (slug for slug, person in self.staff.items() if role in person.roles)
        return iter(sorted(here, key=lambda slug: self.person_office(slug) != office))
