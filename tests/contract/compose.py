"""The file for Docker Compose, as it is read."""

from __future__ import annotations

from typing import Any

import yaml

from deploy.kubernetes.generate import PROJECT

FILE = PROJECT / "deploy" / "compose.yaml"
SERVICES_OF_FILE: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
