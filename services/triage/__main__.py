"""`python -m services.triage [api|relay|consumer|shadow|migrate|all]`."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from chassis.consumer import Subscriptions
from chassis.server import Servicer
from chassis.service import Runtime, Service, main
from hotline.triage.v1 import triage_service_pb2 as pb
from hotline.triage.v1 import triage_service_pb2_grpc as rpc
from policy.packs import Pack
from services.triage import consumers
from services.triage.api import ACCESS, Triage
from services.triage.expectations import EXPECTATIONS
from services.triage.shadow import consumers as shadow
from services.triage.watch import QueueWatch

_DESCRIPTOR = pb.DESCRIPTOR.services_by_name["TriageService"]


def _servicers(runtime: Runtime) -> Sequence[Servicer]:
    watch = QueueWatch(runtime.database, runtime.settings.need("database_url"), runtime.stop)
    runtime.closing.push_async_callback(watch.close)
    triage = Triage(runtime.database, runtime.settings.held_packs(), runtime.settings.pack, watch)
    return [Servicer(rpc.add_TriageServiceServicer_to_server, triage, _DESCRIPTOR, ACCESS)]


def _subscriptions(runtime: Runtime) -> Subscriptions:
    packs, name = runtime.settings.held_packs(), runtime.settings.pack

    def pack_at(instant: datetime) -> Pack:
        return packs.in_force(name, instant)

    # A service that lacks its pack must not start: it would turn every report away to a person.
    pack_at(runtime.clock())
    return consumers.subscriptions(pack_at)


SERVICE = Service(
    name="triage",
    migrations=[Path(__file__).with_name("migrations"), Path(shadow.__file__).with_name("migrations")],
    servicers=_servicers,
    subscriptions=_subscriptions,
    expectations=EXPECTATIONS,
    own_parts={"shadow": shadow.run},
)

if __name__ == "__main__":
    sys.exit(main(SERVICE))
