"""Casework's own statements, by name."""

from pathlib import Path

from chassis.queries import Queries

sql = Queries.load(Path(__file__).parent.with_name("queries"))
"""All files of `queries/`."""
