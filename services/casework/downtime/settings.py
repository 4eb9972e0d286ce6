"""What the writer of downtime books is told by its environment, beside what every process is."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from chassis.settings import Settings


class DowntimeSettings(Settings):
    """Where books are put, and who may read them."""

    downtime_folder: Path | None = None
    """A folder whose disk does not go down with the platform."""
    downtime_keys: Path | None = None
    """A file of public keys; whoever has one of their private keys can read the book."""
    downtime_numbers: Path | None = None
    """A YAML file of `name: number`: whom to call in an emergency."""
    downtime_keep: int = Field(default=48, ge=1)
    """How many books stay; the oldest go first."""
