"""What the shadow slot is told by its environment."""

from __future__ import annotations

from chassis.settings import Settings

OFF = "off"


class ShadowSettings(Settings):
    """Which model is run after people have decided."""

    shadow_model: str = OFF
    """The name of a model, or `off`."""
