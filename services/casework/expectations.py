"""What casework's own facts say it owes: an investigation is opened together with its first contact.

When it is opened again, its children may have been seen before; what is owed anew in any case is the finding, which an
alternative response does not make.
"""

from __future__ import annotations

from chassis.contract import instant
from chassis.expected import Expectations, Owed
from hotline.casework.v1.casework_events_pb2 import InvestigationOpened, InvestigationReopened
from services.casework.commands.investigations import OPENED, reopening


def _reopened(fact: InvestigationReopened) -> list[Owed]:
    if fact.alternative:
        return []
    return [Owed(["FINDING"], "investigation", reopening(instant(fact.reopened_at)))]


EXPECTATIONS: Expectations = {
    InvestigationOpened.DESCRIPTOR.full_name: lambda _: [Owed(["FIRST_CONTACT"], "investigation", OPENED)],
    InvestigationReopened.DESCRIPTOR.full_name: _reopened,
}
