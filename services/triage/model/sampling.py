"""What is drawn at random, so that years later anybody can draw it again: by the hash of the report's id."""

from __future__ import annotations

import hashlib
from uuid import UUID

ONE_IN = 10
"""A tenth is drawn."""


def drawn_for_review(report_id: UUID) -> bool:
    """Whether the screen-out of this report is reviewed by lot."""
    return _drawn("SCREEN_OUT_REVIEW", report_id)


def drawn_for_rating(report_id: UUID) -> bool:
    """Whether a second person rates this report, blind (R040)."""
    return _drawn("SECOND_RATING", report_id)


def _drawn(lot: str, report_id: UUID) -> bool:
    # The name of the lot keeps the two draws independent of each other.
    digest = hashlib.sha256(f"{lot}/{report_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % ONE_IN == 0
