"""The mail folder of a shift: what really arrived, told from the mails themselves."""

from __future__ import annotations

import mailbox
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from hotline.casework.v1.casework_service_pb2 import CONTACT_CHANNEL_EMAIL, CONTACT_CHANNEL_UNSPECIFIED
from hotline.notifications.v1 import notifications_service_pb2 as notifications

# Unset by a release that knew no other channel.
_BY_MAIL = (CONTACT_CHANNEL_UNSPECIFIED, CONTACT_CHANNEL_EMAIL)


def arrived(folder: Path) -> Counter[str]:
    """How often each mail in the folder arrived, by Message-ID."""
    return Counter(str(mail["Message-ID"]) for mail in mailbox.Maildir(folder))


def differences(came: Counter[str], ours: Iterable[notifications.Delivery], recorded: Collection[str]) -> Iterator[str]:
    """Mails without a record, records without their mail, and mails that came twice without being known to.

    `ours` are the notifications of the shift, `recorded` the Message-IDs of all notifications there are.
    """
    for message_id in came.keys() - set(recorded):
        yield f"a mail {message_id} arrived which no notification knows"
    for delivery in ours:
        times = came[delivery.message_id]
        if delivery.state == notifications.DELIVERY_STATE_SENT and times == 0 and delivery.channel in _BY_MAIL:
            yield f"the mail {delivery.message_id} is recorded as sent and never arrived"
        if times > 1 and not delivery.repeated:
            yield f"the mail {delivery.message_id} arrived {times} times and is not recorded as repeated"
