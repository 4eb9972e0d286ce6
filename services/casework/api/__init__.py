"""The calls of casework: protobuf to command and back."""

from services.casework.api.access import ACCESS, WORKFORCE_ACCESS
from services.casework.api.servicer import Casework
from services.casework.api.workforce import Workforce

__all__ = ["ACCESS", "WORKFORCE_ACCESS", "Casework", "Workforce"]
