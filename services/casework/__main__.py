"""`python -m services.casework [api|relay|consumer|migrate|all]`."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from chassis.consumer import Handler
from chassis.server import Servicer
from chassis.service import Runtime, Service, main
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import casework_service_pb2_grpc as rpc
from services.casework import consumers
from services.casework.api import ACCESS, Casework
from services.casework.settings import CaseworkSettings

_DESCRIPTOR = pb.DESCRIPTOR.services_by_name["CaseworkService"]


def _servicers(runtime: Runtime) -> Sequence[Servicer]:
    implementation = Casework(runtime.database, CaseworkSettings().rules())
    return [Servicer(rpc.add_CaseworkServiceServicer_to_server, implementation, _DESCRIPTOR, ACCESS)]


def _subscriptions(_runtime: Runtime) -> Mapping[str, Mapping[str, Handler]]:
    return consumers.subscriptions(CaseworkSettings().rules())


SERVICE = Service(
    name="casework",
    migrations=[Path(__file__).with_name("migrations")],
    servicers=_servicers,
    subscriptions=_subscriptions,
)

if __name__ == "__main__":
    sys.exit(main(SERVICE))
