"""`python -m services.notifications [api|relay|consumer|sender|migrate|all]`."""

import asyncio
import sys
from pathlib import Path

from chassis.server import Servicer
from chassis.service import Runtime, Service, main
from hotline.notifications.v1 import notifications_service_pb2 as pb
from hotline.notifications.v1 import notifications_service_pb2_grpc as rpc
from services.notifications import consumers, templates
from services.notifications.api import ACCESS, Notifications
from services.notifications.sender import Sender
from services.notifications.settings import NotificationsSettings


def servicers(runtime: Runtime) -> list[Servicer]:
    """The calls this service answers."""
    implementation = Notifications(runtime.database, templates.load(), NotificationsSettings().mail_domain)
    descriptor = pb.DESCRIPTOR.services_by_name["NotificationsService"]
    return [Servicer(rpc.add_NotificationsServiceServicer_to_server, implementation, descriptor, ACCESS)]


async def send(runtime: Runtime, stop: asyncio.Event) -> None:
    """The process that sends."""
    settings = NotificationsSettings()
    gateway = runtime.connect_to(settings.phone_gateway) if settings.phone_gateway else None
    await Sender(runtime.database, settings, templates.load(), gateway).run(stop)


NOTIFICATIONS = Service(
    name="notifications",
    migrations=[Path(__file__).with_name("migrations")],
    servicers=servicers,
    subscriptions=lambda runtime: consumers.subscriptions(
        runtime.connect("casework"), templates.load(), NotificationsSettings().mail_domain
    ),
    own_parts={"sender": send},
)

if __name__ == "__main__":
    sys.exit(main(NOTIFICATIONS))
