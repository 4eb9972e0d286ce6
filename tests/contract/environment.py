"""What each service reads of its environment."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.settings import Settings
from services.casework.settings import CaseworkSettings
from services.notifications.settings import NotificationsSettings
from services.triage.shadow.settings import ShadowSettings
from workflows.settings import WorkflowSettings

SETTINGS: Mapping[str, tuple[type[Settings], ...]] = {
    "intake": (Settings,),
    "triage": (Settings, ShadowSettings),
    "casework": (CaseworkSettings,),
    "notifications": (NotificationsSettings,),
    "workflows": (WorkflowSettings,),
}
OF_LIBRARIES = {"PGSSLMODE", "PGSSLROOTCERT", "OTEL_EXPORTER_OTLP_ENDPOINT"}
"""Read by PostgreSQL's clients and by OpenTelemetry under names of their own."""


def known_variables() -> set[str]:
    """Every variable that some process of the platform reads."""
    classes = {known for group in SETTINGS.values() for known in group}
    return {f"HOTLINE_{field.upper()}" for known in classes for field in known.model_fields} | OF_LIBRARIES
