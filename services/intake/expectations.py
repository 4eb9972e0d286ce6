"""What intake's facts make casework owe."""

from __future__ import annotations

from chassis.expected import Expectations, Owed
from hotline.intake.v1.intake_events_pb2 import CallbackRequested, ComplaintFiled, ReportSubmitted, VoicemailLeft

EXPECTATIONS: Expectations = {
    ReportSubmitted.DESCRIPTOR.full_name: lambda _: [Owed(["SCREENING_DECISION"], "report", "submitted")],
    CallbackRequested.DESCRIPTOR.full_name: lambda _: [
        Owed(["CALLBACK_URGENT", "CALLBACK_STANDARD"], "callback", "requested")
    ],
    VoicemailLeft.DESCRIPTOR.full_name: lambda _: [Owed(["VOICEMAIL_CHECK"], "voicemail", "left")],
    ComplaintFiled.DESCRIPTOR.full_name: lambda _: [Owed(["COMPLAINT_RESPONSE"], "complaint", "filed")],
}
