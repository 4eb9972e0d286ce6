"""Who may call what; a method without a row is refused to everybody."""

from chassis.identity import Role

_SERVICE = frozenset({Role.SERVICE})
_ADMIN = frozenset({Role.ADMIN})
_LEADS = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR})
_WORKS = _LEADS | {Role.INTAKE_SPECIALIST, Role.SCREENER, Role.INVESTIGATOR}
_IN_THE_FIELD = frozenset({Role.INVESTIGATOR, Role.SUPERVISOR})
_READS = _WORKS | _ADMIN | _SERVICE

ACCESS = {
    "RegisterStaff": _ADMIN,
    "ListStaff": _READS,
    "GetContactMethods": _SERVICE,
    # One's own; those who lead, anybody's.
    "RecordAbsence": _WORKS | _ADMIN,
    "OpenInvestigation": _LEADS,
    "GetInvestigation": _READS,
    "AssignWorker": _LEADS | _SERVICE,
    "AcceptAssignment": _IN_THE_FIELD,
    "RecordContact": _IN_THE_FIELD,
    "RecordFinding": _IN_THE_FIELD,
    "CloseAlternative": _IN_THE_FIELD,
    "MakePromise": _SERVICE,
    "GetPromise": _READS,
    "ListPromises": _READS,
    "AcknowledgePromise": _WORKS,
    "RecordAttempt": _WORKS,
    "ConfirmLateEntry": _LEADS,
    "DelegatePromise": _LEADS,
    "ExtendPromise": _LEADS,
    "PausePromise": _LEADS,
    "ResumePromise": _LEADS,
    "EscalateTo": _WORKS,
    # Anyone may say that it is more urgent.
    "RetierPromise": _WORKS | _SERVICE,
    "VoidPromise": _LEADS | _SERVICE,
    "ClimbRung": _SERVICE,
    "GetCertificate": _READS,
    # All of an office at once is for who answers for it.
    "ListCertificates": _LEADS | _ADMIN,
    "AmendCertificate": _LEADS,
    "CheckMessage": _WORKS,
    "GetOfficeReport": _LEADS | _ADMIN,
}

WORKFORCE_ACCESS = {
    # One's own; a door or telephone system anybody's.
    "RecordPresence": _WORKS | _ADMIN | _SERVICE,
    # One's own; those who lead, anybody's.
    "SetContactMethod": _WORKS | _ADMIN,
    "VerifyContactMethod": _WORKS | _ADMIN,
    "WhoIsOn": _READS,
    "DefineRotation": _LEADS | _ADMIN,
    "EndRotation": _LEADS | _ADMIN,
    "GiveDuty": _LEADS,
    "OfferSwap": _WORKS,
    "AcceptSwap": _WORKS,
    "ListRotations": _READS,
    "ListDuties": _READS,
    "RunSweep": _SERVICE,
}
