"""The calls of triage: who may make them, what they answer."""

from services.triage.api.access import ACCESS
from services.triage.api.servicer import Triage

__all__ = ["ACCESS", "Triage"]
