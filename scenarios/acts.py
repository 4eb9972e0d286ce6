"""What people do, as a scenario writes it: a verb is one public call, made by one person at a moment they can know."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from scenarios.words import Duration, Kind, RungName, Slug, When

Reason = Annotated[str, Field(min_length=1, max_length=400)]

ASSIGNED = "assigned"
"""Stands for whoever the investigation is assigned to at that moment."""


class Doing(BaseModel):
    """Somebody does something: `when` a thing has come about that they can know, and so long `after`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: Slug = Field(description="A person of the staff, or assigned: whoever the investigation is assigned to.")
    when: When
    after: Duration = timedelta(0)
    refused: Annotated[str, Field(pattern=r"^[A-Z_]{2,60}$")] | None = Field(
        None, description="The reason with which the call must be refused."
    )


class _Entered(Doing):
    """Something that is entered after it happened."""

    ago: Duration = Field(timedelta(0), description="How long before the call it happened.")
    late_reason: Annotated[str, Field(max_length=400)] = ""


class _AboutChild(_Entered):
    child: Slug = Field(description="The child's id within the report.")


class _AboutPromise(Doing):
    promise: Kind = Field(description="The open promise of this kind, of this contact.")


class Confirm(Doing):
    """Agrees with what the pack recommends for the report."""

    does: Literal["confirm"]


class Override(Doing):
    """Decides otherwise than the pack recommends."""

    does: Literal["override"]
    screening: Literal["SCREEN_IN", "SCREEN_OUT", "ALTERNATIVE", "INFORMATION", "SERVICE"]
    tier: Literal["T0", "T1", "T2", "T3", "T4"] | None = Field(None, description="Left out: the tier stays.")
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    history_reviewed: bool = False


class Review(Doing):
    """Upholds or reverses a screen-out, as a second person."""

    does: Literal["review"]
    outcome: Literal["UPHELD", "REVERSED"]
    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Accept(Doing):
    """Says of an assignment: it is mine."""

    does: Literal["accept"]


class Assign(Doing):
    """Gives the investigation to a person."""

    does: Literal["assign"]
    to: Slug


class Arrive(_AboutChild):
    """Arrives where the child should be."""

    does: Literal["arrive"]


class See(_AboutChild):
    """Sees the child in person."""

    does: Literal["see"]


class TryToSee(_AboutChild):
    """Documents an attempt in good faith to see the child."""

    does: Literal["try to see"]


class Find(_Entered):
    """Records the finding of the investigation."""

    does: Literal["find"]
    finding: Literal["SUBSTANTIATED", "UNSUBSTANTIATED"]


class Acknowledge(_AboutPromise):
    """Says: I am on it. The ladder waits; nothing is kept."""

    does: Literal["acknowledge"]


class Attempt(_AboutPromise, _Entered):
    """Records what came of trying; the pack says which outcomes keep the promise."""

    does: Literal["attempt"]
    outcome: Annotated[str, Field(pattern=r"^[A-Z_]{2,40}$")]


class CheckMessage(_AboutPromise, _Entered):
    """Hears a message in the box: says how urgent it is and who calls back, or why nobody does."""

    does: Literal["check message"]
    promise: Literal["VOICEMAIL_CHECK"] = "VOICEMAIL_CHECK"
    urgent: bool = False
    to: Slug | None = Field(None, description="Who calls back; left out: whoever has heard it.")
    no_call_because: Annotated[str, Field(pattern=r"^[A-Z_]{2,40}$")] | None = None


class Delegate(_AboutPromise):
    """Gives a promise to another person; the time it was received stays."""

    does: Literal["delegate"]
    to: Slug


class Escalate(_AboutPromise):
    """Climbs to a rung by name."""

    does: Literal["escalate"]
    rung: RungName


class Extend(_AboutPromise):
    """Moves the due time, as far as the pack allows."""

    does: Literal["extend"]
    days: Annotated[int, Field(ge=1, le=365)]
    reason: Reason


class Pause(_AboutPromise):
    """Stops the clock for a legal reason that the pack lists."""

    does: Literal["pause"]
    reason: Annotated[str, Field(pattern=r"^[A-Z_]{2,60}$")]
    lasting: Duration


class Resume(_AboutPromise):
    """Lets a paused clock run again."""

    does: Literal["resume"]


class Retier(_AboutPromise):
    """Makes a promise more urgent."""

    does: Literal["retier"]
    tier: Literal["T0", "T1", "T2", "T3", "T4"]


class Void(_AboutPromise):
    """Ends a promise that is not owed any more."""

    does: Literal["void"]
    reason: Reason


class ConfirmLateEntry(_AboutPromise):
    """Another person stands for what was entered late."""

    does: Literal["confirm late entry"]


class RefuseLateEntry(_AboutPromise):
    """Another person does not stand for what was entered late."""

    does: Literal["refuse late entry"]


OfDecision = Confirm | Override | Review
OfInvestigation = Accept | Assign | Arrive | See | TryToSee | Find
OfPromise = (
    Acknowledge
    | Attempt
    | CheckMessage
    | Delegate
    | Escalate
    | Extend
    | Pause
    | Resume
    | Retier
    | Void
    | ConfirmLateEntry
    | RefuseLateEntry
)
Act = Annotated[OfDecision | OfInvestigation | OfPromise, Field(discriminator="does")]
