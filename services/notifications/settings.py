"""What notifications is told by its environment, beside what every service is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import aiosmtplib
from pydantic import Field

from chassis.settings import Settings
from policy.ladders import E164, Channel
from services.notifications.wording import House


class NotificationsSettings(Settings):
    """Where mail, texts and calls go out, from whom, and who is the last resort."""

    mail_domain: str = "hotline.invalid"
    """The domain of senders and Message-IDs."""
    pack: str = "seed-default"
    """The pack in whose words messages are, and whose last resort is told, by its id."""
    last_resort_email: str | None = Field(default=None, repr=False)
    """Who is told instead of the pack's last resort."""
    last_resort_phone: str | None = Field(default=None, repr=False, pattern=f"^{E164}$")
    """Where the last resort is called, in E.164 form; without one they are told by mail alone."""
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_username: str | None = None
    smtp_password: str | None = Field(default=None, repr=False)
    smtp_timeout: float = Field(default=10.0, gt=0)
    """Seconds for each step of a conversation with the mail server."""
    send_lease: float = Field(default=60.0, gt=0)
    """Seconds after which a message in the hands of a sender that says nothing is taken by another."""
    senders: int = Field(default=16, ge=1)
    """Messages that one sender process hands over at a time."""
    phone_gateway: str | None = None
    """The telephone gateway (`host:port[?tls=FOLDER]`); without one nobody is told by telephone."""

    @property
    def phone_deadline(self) -> float:
        """Seconds a telephone may ring: within the lease, so that whoever was given a call records what came of it."""
        return self.send_lease * 0.75

    @property
    def mail_from(self) -> str:
        return f"Hotline <hotline@{self.mail_domain}>"

    def house(self, now: datetime) -> House:
        """The words of messages; a pack that cannot be read, or is not in force, is refused here."""
        house = House(self.held_packs(), self.pack)
        house.packs.in_force(house.pack, now)
        return house

    def last_resort(self, now: datetime) -> Mapping[Channel, str]:
        """The addresses of who is told when nobody else can be."""
        mail = self.last_resort_email or self.held_packs().in_force(self.pack, now).last_resort
        return {Channel.EMAIL: mail} | ({Channel.VOICE: self.last_resort_phone} if self.last_resort_phone else {})

    def smtp_client(self) -> aiosmtplib.SMTP:
        """A new conversation with the mail server, not yet begun."""
        host, _, port = self.need("smtp_address").rpartition(":")
        return aiosmtplib.SMTP(
            hostname=host,
            port=int(port),
            use_tls=self.smtp_security == "tls",
            start_tls=self.smtp_security == "starttls",
            username=self.smtp_username,
            password=self.smtp_password,
            local_hostname=self.mail_domain,
            timeout=self.smtp_timeout,
        )
