"""Where the embedded stack keeps its data, which ports it uses, and which parts are given from outside."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
HOST = "127.0.0.1"
SERVICES = ("intake", "triage", "casework", "notifications")

# Every port of the stack; HOTLINE_PORT_OFFSET moves them all.
PORTS = {
    "mail": 7025,
    "phone": 7026,
    "kafka": 7092,
    "kafka controller": 7093,
    "intake": 7101,
    "triage": 7102,
    "casework": 7103,
    "notifications": 7104,
    "worker's health": 7105,
    "temporal": 7233,
    "temporal history": 7234,
    "temporal matching": 7235,
    "temporal worker": 7236,
    "temporal frontend membership": 7243,
    "temporal history membership": 7244,
    "temporal matching membership": 7245,
    "temporal worker membership": 7246,
    "postgres": 7432,
}


class StackSettings(BaseSettings):
    """The stack's settings, each from the environment variable HOTLINE_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_ignore_empty=True, frozen=True)

    home: Path = PROJECT / ".hotline"
    """Data, logs, mail and keys of this stack."""
    cache: Path | None = None
    """What is downloaded or built once for all stacks; without it $XDG_CACHE_HOME/hotline."""
    xdg_cache_home: Path = Field(default=Path.home() / ".cache", validation_alias="XDG_CACHE_HOME")
    port_offset: int = Field(default=0, ge=0, le=65535 - max(PORTS.values()))
    """Added to every port, so that several stacks live side by side."""

    pack: str = "seed-default"
    """The id of the pack by which the platform screens and keeps its promises."""
    shadow_model: str = "off"
    """The statistical model that runs in triage's shadow slot, or `off`."""

    send_lease: float = 10.0
    """Seconds after which the mail in the hands of a sender that died is sent by another; its clocks may be short."""

    crash_file: Path | None = None
    """Where the fault tests ask for failures."""

    postgres_url: SecretStr | None = None
    """A PostgreSQL server to use instead of the embedded one, as a role that may create databases and roles."""
    kafka_bootstrap: str | None = None
    temporal_address: str | None = None
    smtp_address: str | None = None
    phone_gateway: str | None = None
    otel_exporter_otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    @property
    def cache_folder(self) -> Path:
        return (self.cache or self.xdg_cache_home / "hotline").absolute()

    @property
    def folder(self) -> Path:
        return self.home.absolute()

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def identity(self) -> Path:
        return self.folder / "identity"

    @property
    def mail(self) -> Path:
        """The Maildir of the embedded mail server."""
        return self.folder / "mail"

    @property
    def phone(self) -> Path:
        """What the embedded telephone gateway was given, and what it is told of lines."""
        return self.folder / "phone"

    def port(self, name: str) -> int:
        return PORTS[name] + self.port_offset

    def address(self, name: str) -> str:
        return f"{HOST}:{self.port(name)}"

    def log(self, part: str) -> Path:
        return self.logs / f"{part.replace(' ', '-')}.log"


def environment(added: Mapping[str, str]) -> dict[str, str]:
    """What a part is told: our own environment and what its table adds, without the settings that are the stack's own.

    The address of a given PostgreSQL holds the password of a role that no service may have.
    """
    own = {f"HOTLINE_{name.upper()}" for name in StackSettings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in own} | dict(added)
