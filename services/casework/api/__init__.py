"""The calls of casework: protobuf to command and back."""

from services.casework.api.access import ACCESS
from services.casework.api.servicer import Casework

__all__ = ["ACCESS", "Casework"]
