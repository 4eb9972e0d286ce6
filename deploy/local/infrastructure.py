"""The five outside parts: embedded, or given by an address in the environment."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.local import checks, kafka, mail, phone, postgres, temporal
from deploy.local.processes import Given, Part, Ready, Step
from deploy.local.settings import StackSettings


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the outside parts of a stack are."""

    home: Path
    postgres_url: str
    """For a role that may create databases and roles. Holds a password."""
    kafka_bootstrap: str
    temporal_address: str
    smtp_address: str
    mail: Path | None
    """The Maildir of the embedded mail server; None when the mail server is given."""
    phone_gateway: str
    phone: Path | None
    """The folder of the embedded telephone gateway; None when the gateway is given."""


def addresses(settings: StackSettings) -> Addresses:
    """Each part's given address, else that of the embedded one."""
    given = settings.postgres_url
    return Addresses(
        home=settings.folder,
        postgres_url=given.get_secret_value() if given else postgres.url(settings),
        kafka_bootstrap=settings.kafka_bootstrap or settings.address("kafka"),
        temporal_address=settings.temporal_address or settings.address("temporal"),
        smtp_address=settings.smtp_address or settings.address("mail"),
        mail=None if settings.smtp_address else settings.mail,
        phone_gateway=settings.phone_gateway or settings.address("phone"),
        phone=None if settings.phone_gateway else settings.phone,
    )


def parts(settings: StackSettings) -> list[Part]:
    """`postgres`, `kafka`, `temporal`, `mail` and `phone`, so named whether embedded or given, and the namespace."""
    at = addresses(settings)
    made = None if settings.temporal_address else settings.folder / "temporal" / "made"
    return [
        *(_given_postgres(at) if settings.postgres_url else postgres.parts(settings)),
        *(_given_kafka(at) if settings.kafka_bootstrap else kafka.parts(settings)),
        *(_given_temporal(at) if settings.temporal_address else temporal.parts(settings)),
        *(_given_mail(at) if settings.smtp_address else [mail.process(settings)]),
        *(_given_phone(at) if settings.phone_gateway else [phone.process(settings)]),
        Step(
            name="temporal namespace",
            run=lambda report: temporal.ensure_namespace(at.temporal_address, made),
            after=("temporal",),
        ),
    ]


def _given_postgres(at: Addresses) -> list[Part]:
    place = at.postgres_url.rpartition("@")[2]  # without the password
    return _given("postgres", place, "HOTLINE_POSTGRES_URL", partial(checks.postgres, at.postgres_url))


def _given_kafka(at: Addresses) -> list[Part]:
    return _given("kafka", at.kafka_bootstrap, "HOTLINE_KAFKA_BOOTSTRAP", partial(checks.kafka, at.kafka_bootstrap))


def _given_temporal(at: Addresses) -> list[Part]:
    ready = partial(checks.serving, at.temporal_address, checks.TEMPORAL_SERVICE)
    return _given("temporal", at.temporal_address, "HOTLINE_TEMPORAL_ADDRESS", ready)


def _given_mail(at: Addresses) -> list[Part]:
    return _given("mail", at.smtp_address, "HOTLINE_SMTP_ADDRESS", partial(checks.smtp, at.smtp_address))


def _given_phone(at: Addresses) -> list[Part]:
    return _given("phone", at.phone_gateway, "HOTLINE_PHONE_GATEWAY", partial(checks.serving, at.phone_gateway))


def _given(name: str, address: str, variable: str, ready: Ready) -> list[Part]:
    return [Given(name=name, address=address, variable=variable, ready=ready)]
