"""Triage's own database: rows to the model's values and back."""

from __future__ import annotations

from pathlib import Path

from chassis.queries import Queries

sql = Queries.load(Path(__file__).parents[1] / "queries")
"""Every statement of triage, by name."""
