"""`python -m services.intake [api|relay|consumer|migrate|all]`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from chassis.server import Servicer
from chassis.service import Runtime, Service, main
from hotline.intake.v1 import intake_service_pb2 as pb
from hotline.intake.v1 import intake_service_pb2_grpc as rpc
from services.intake.api import ACCESS, Intake
from services.intake.expectations import EXPECTATIONS

_DESCRIPTOR = pb.DESCRIPTOR.services_by_name["IntakeService"]


def _servicers(runtime: Runtime) -> Sequence[Servicer]:
    return [Servicer(rpc.add_IntakeServiceServicer_to_server, Intake(runtime.database), _DESCRIPTOR, ACCESS)]


SERVICE = Service(
    name="intake",
    migrations=[Path(__file__).with_name("migrations")],
    servicers=_servicers,
    expectations=EXPECTATIONS,
)

if __name__ == "__main__":
    sys.exit(main(SERVICE))
