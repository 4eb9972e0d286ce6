"""Whom a message is for."""

from __future__ import annotations

from hotline.notifications.v1 import notifications_service_pb2 as notifications

LAST_RESORT = ""
"""Stands where nobody is there to be told."""


def addressed(request: notifications.NotifyRequest, staff_id: str) -> notifications.NotifyRequest:
    """The request, to this member of staff or to the last resort."""
    if staff_id == LAST_RESORT:
        request.last_resort = True
    else:
        request.staff_id = staff_id
    return request
