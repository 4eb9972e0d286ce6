"""Who may call what; a method without a row is refused to everybody."""

from chassis.identity import Role

# A decision is a named person's; no service may make one.
_SCREENS = frozenset({Role.SCREENER, Role.SUPERVISOR})
_LEADS = frozenset({Role.SUPERVISOR, Role.MANAGER})
_SEES_HISTORY = _SCREENS | {Role.MANAGER, Role.DIRECTOR}
_SEES_QUEUE = _SEES_HISTORY | {Role.SERVICE}
_SEES_DECISION = _SEES_QUEUE | {Role.INTAKE_SPECIALIST, Role.INVESTIGATOR}
_SEES_FIGURES = _LEADS | {Role.DIRECTOR, Role.ADMIN}
_WORKS_ON_REPORTS = _SEES_HISTORY | {Role.INTAKE_SPECIALIST, Role.INVESTIGATOR}

ACCESS = {
    "GetDecision": _SEES_DECISION,
    "GetHistory": _SEES_HISTORY,
    "ListQueue": _SEES_QUEUE,
    "WatchQueue": _SEES_QUEUE,
    "TakeReport": _SCREENS,
    "ConfirmDecision": _SCREENS,
    # Upward anyone may; what else each role may not, the command refuses.
    "OverrideDecision": _WORKS_ON_REPORTS,
    "ApproveOverride": frozenset({Role.MANAGER}),
    "RefuseOverride": frozenset({Role.MANAGER}),
    "ReviewScreenOut": _LEADS,
    "MergeReport": _SCREENS,
    "AskConsultation": _SCREENS,
    "AnswerConsultation": _LEADS,
    "ListConsultations": _SCREENS | _LEADS,
    "NoteSource": _SCREENS,
    "FlagFalseReport": _SCREENS | {Role.INTAKE_SPECIALIST},
    "SettleFalseReport": _LEADS,
    "ListRatings": _SCREENS,
    "TakeRating": _SCREENS,
    "RateReport": _SCREENS,
    "GetAgreement": _SEES_FIGURES,
    "GetFigures": _SEES_FIGURES,
    "ListTraining": _WORKS_ON_REPORTS | {Role.ADMIN},
    "AcknowledgeTraining": _WORKS_ON_REPORTS,
    "ListDecisions": frozenset({Role.SUPERVISOR, Role.ADMIN}),
}
