"""What a process is told by its environment: one typed class, read once, at the start."""

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.identity import DEVELOPMENT_ISSUER
from policy.packs import DEFAULT_PACK, Packs

_REPOSITORY = Path(__file__).resolve().parent.parent


class MissingSetting(Exception):
    """A process needs a setting that its environment does not give."""


class Settings(BaseSettings):
    """Every setting is an environment variable `HOTLINE_<NAME>`; which ones a process needs depends on what it runs."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", frozen=True, extra="ignore", populate_by_name=True)

    environment: str = "development"
    bind: str = "127.0.0.1"
    port: int | None = None
    # Where probes ask for the process' health, without TLS and tokens; calls have the other port.
    health_port: int | None = None
    # The folder of this process' certificate, for calls that reach it; an address asks for TLS by itself (chassis.tls).
    tls: Path | None = None
    # Not shown when settings are printed: the address may hold a password.
    database_url: str | None = Field(default=None, repr=False)
    database_connections: int = Field(default=16, ge=1)
    kafka_bootstrap: str | None = None
    temporal_address: str | None = None
    smtp_address: str | None = None
    identity_keys: Path | None = None
    # Who signs tokens, exactly as they name it (`iss`); development has an issuer of its own.
    identity_issuer: str | None = None
    token_file: Path | None = None
    intake_address: str | None = None
    triage_address: str | None = None
    casework_address: str | None = None
    notifications_address: str | None = None
    packs: Path = _REPOSITORY / "packs"
    # A folder of the public keys with which packs must be signed; without one, drafts are taken too.
    pack_keys: Path | None = None
    # Whose rules this installation follows: the id of a pack; which version is in force depends on the time.
    pack: str = DEFAULT_PACK
    # Seconds during which a server that was told to stop still serves, so that balancers can notice.
    drain_delay: float = Field(default=0.0, ge=0)
    drain_grace: float = Field(default=25.0, ge=0)
    otlp_endpoint: str | None = Field(
        default=None, validation_alias=AliasChoices("otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )
    # Seconds between two sendings of metrics.
    metrics_every: float = Field(default=10.0, gt=0)

    crash_file: Path | None = None
    """Where tests ask for failures (`chassis.crash_points`); development only."""

    @property
    def development(self) -> bool:
        """Whether conveniences that production must not have (reflection, movable clocks) are on."""
        return self.environment == "development"

    def held_packs(self) -> Packs:
        """Every pack that is held; if a version of the site's own cannot be used, `PolicyError`, so at the start."""
        packs = Packs(self.packs, trusted=self.pack_keys)
        packs.versions(self.pack)
        return packs

    def issuer(self) -> str:
        """Whose tokens are believed; outside development `MissingSetting` if nobody is named but its issuer."""
        named = self.identity_issuer or DEVELOPMENT_ISSUER
        if named == DEVELOPMENT_ISSUER and not self.development:
            raise MissingSetting(
                f"HOTLINE_IDENTITY_ISSUER must name the agency's issuer of tokens: only development trusts {named}"
            )
        return named

    def need(self, name: str) -> str:
        """The value of a setting this process cannot do without; `MissingSetting` names the variable to set."""
        value = getattr(self, name)
        if value is None:
            variable = f"HOTLINE_{name.upper()}"
            raise MissingSetting(f"{variable} is not set, and this process needs it: set it in the environment")
        return str(value)
