"""One message as one mail over SMTP, and what its answer means for the next attempt."""

from __future__ import annotations

from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP as WIRE_FORMAT

import aiosmtplib

from services.notifications import templates
from services.notifications.model import Answer, Attempt, Notification
from services.notifications.settings import NotificationsSettings
from services.notifications.templates import Template
from services.notifications.wording import Wording

# Seconds for saying goodbye: the answer is known by then, and waits to be recorded.
_FAREWELL = 1.0


def compose(
    message: Notification, template: Template, *, sender: str, recipient: str, wording: Wording, trace_id: str | None
) -> EmailMessage:
    """The mail; the same bytes at every attempt but for the trace, so that a repetition is recognised as one."""
    text = templates.render(template, message.order.sayable, wording)
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = recipient
    mail["Subject"] = text.subject
    mail["Date"] = message.requested_at
    mail["Message-ID"] = message.message_id
    # RFC 3834: no out-of-office reply may come back to a machine.
    mail["Auto-Submitted"] = "auto-generated"
    if trace_id:
        mail["X-Hotline-Trace"] = trace_id
    mail.set_content(text.body)
    return mail


async def send(mail: EmailMessage, settings: NotificationsSettings) -> Attempt:
    """Hand one mail to the mail server. Problems are told by kind and code: a server's own words hold addresses."""
    client = settings.smtp_client()
    try:
        return await _hand_over(client, mail)
    finally:
        # The mail server has answered for the mail already; a farewell that fails changes nothing.
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=_FAREWELL)
        client.close()


async def _hand_over(client: aiosmtplib.SMTP, mail: EmailMessage) -> Attempt:
    try:
        await client.connect()
    except (aiosmtplib.SMTPException, OSError) as problem:
        # Even a refusal: a server that lets nobody in says nothing about this message.
        return Attempt(Answer.NOT_NOW, f"no connection to the mail server: {_kind(problem)}")
    try:
        await client.mail(mail["From"].addresses[0].addr_spec)
        await client.rcpt(mail["To"].addresses[0].addr_spec)
    except aiosmtplib.SMTPRecipientRefused as problem:
        return _refused(problem)
    except aiosmtplib.SMTPResponseException as problem:
        # It refuses us, not this person: that is ours to mend, and no message may be lost by it.
        return Attempt(Answer.NOT_NOW, f"the mail server refused the sender: {problem.code}")
    except (aiosmtplib.SMTPException, OSError) as problem:
        return Attempt(Answer.NOT_NOW, f"the mail server broke off: {_kind(problem)}")
    try:
        await client.data(mail.as_bytes(policy=WIRE_FORMAT))
    except aiosmtplib.SMTPResponseException as problem:
        return _refused(problem)
    except (aiosmtplib.SMTPException, OSError) as problem:
        return Attempt(Answer.UNKNOWN, f"the mail server's answer was lost: {_kind(problem)}")
    return Attempt(Answer.ACCEPTED)


def _refused(problem: aiosmtplib.SMTPResponseException) -> Attempt:
    # RFC 5321, 4.2.1: 5xx is for good; anything else may change.
    answer = Answer.NEVER if 500 <= problem.code < 600 else Answer.NOT_NOW
    return Attempt(answer, f"the mail server refused: {problem.code}")


def _kind(problem: BaseException) -> str:
    return type(problem).__name__
