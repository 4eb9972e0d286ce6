"""What casework's own facts say it owes: an investigation is opened together with its first contact."""

from __future__ import annotations

from chassis.expected import Expectations, Owed
from hotline.casework.v1.casework_events_pb2 import InvestigationOpened

EXPECTATIONS: Expectations = {
    InvestigationOpened.DESCRIPTOR.full_name: lambda _: [Owed(["FIRST_CONTACT"], "investigation", "opened")],
}
