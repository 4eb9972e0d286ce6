"""The table of topics: what the deployment creates, and where each fact goes."""

from dataclasses import dataclass

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name, the facts it carries (full message names), and its partitions in development."""

    name: str
    facts: tuple[str, ...]
    partitions: int = 6


def _topic(context: str, aggregate: str, *facts: str) -> Topic:
    return Topic(f"hotline.{context}.{aggregate}.v1", tuple(f"hotline.{context}.v1.{fact}" for fact in facts))


TOPICS: tuple[Topic, ...] = (
    _topic("intake", "contact", "ContactOpened", "ContactClosed"),
    _topic("intake", "report", "ReportSubmitted", "ReportAmended"),
    _topic("intake", "callback", "CallbackRequested"),
    _topic("intake", "voicemail", "VoicemailLeft"),
    _topic("intake", "complaint", "ComplaintFiled"),
    _topic(
        "triage",
        "decision",
        "ReportRecommended",
        "ReportNeedsFacts",
        "DecisionMade",
        "ReportRescreened",
        "ReportTaken",
        "OverrideRequested",
        "OverrideRefused",
        "ScreenOutReviewed",
        "ReportMerged",
    ),
    _topic("triage", "shadow", "ReportScored"),
    _topic(
        "casework",
        "staff",
        "StaffRegistered",
        "AbsenceRecorded",
        "PresenceRecorded",
        "ContactMethodSet",
        "ContactMethodVerified",
    ),
    _topic("casework", "rotation", "RotationDefined", "RotationEnded", "DutyGiven", "SwapOffered"),
    _topic(
        "casework",
        "investigation",
        "InvestigationOpened",
        "InvestigationRaised",
        "WorkerAssigned",
        "AssignmentAccepted",
        "ContactRecorded",
        "ContactRefused",
        "FindingRecorded",
        "FindingRefused",
        "InvestigationClosed",
        "InvestigationReopened",
    ),
    _topic("casework", "promise", "PromiseMade", "PromiseMoved", "PromiseClosed"),
    _topic("notifications", "notification", "NotificationQueued", "NotificationSent", "NotificationFailed"),
)

_NAMES = frozenset(topic.name for topic in TOPICS)


def topic_of(aggregate_type: str) -> str:
    """The topic of an aggregate's facts; `aggregate_type` is `<context>.<aggregate>`, e.g. `intake.report`."""
    name = f"hotline.{aggregate_type}.v1"
    if name not in _NAMES:
        raise ValueError(f"no topic {name}: the table of topics has none for the aggregate type {aggregate_type!r}")
    return name


def aggregate_type_of(topic: str) -> str:
    """The aggregate type whose facts a topic carries: what is left to go by when a record's own headers are broken."""
    return topic.removeprefix("hotline.").removesuffix(".v1")


def message_class(fact_type: str) -> type[Message]:
    """The class of a fact by its full message name; `KeyError` unless the program has imported its contract."""
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(fact_type))


def dead_letter(topic: str, group: str) -> str:
    """Where a consumer group sets aside the facts of a topic that it cannot apply."""
    return f"{topic}.{group}.dlq"
