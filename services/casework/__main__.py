"""`python -m services.casework [api|relay|consumer|migrate|all]`."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from chassis.consumer import Handler
from chassis.database import Database
from chassis.server import Servicer
from chassis.service import Runtime, Service, main
from chassis.unit_of_work import UnitOfWork
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import casework_service_pb2_grpc as rpc
from hotline.casework.v1 import downtime_service_pb2 as downtime_pb
from hotline.casework.v1 import downtime_service_pb2_grpc as downtime_rpc
from hotline.casework.v1 import reconciliation_service_pb2 as reconciliation_pb
from hotline.casework.v1 import reconciliation_service_pb2_grpc as reconciliation_rpc
from hotline.casework.v1 import workforce_service_pb2 as workforce_pb
from hotline.casework.v1 import workforce_service_pb2_grpc as workforce_rpc
from services.casework import consumers
from services.casework.api import ACCESS, WORKFORCE_ACCESS, Casework, Workforce
from services.casework.api.downtime import DOWNTIME_ACCESS, Downtime
from services.casework.api.reconciling import RECONCILIATION_ACCESS, Reconciliation
from services.casework.commands.downtime import tell_last
from services.casework.expectations import EXPECTATIONS
from services.casework.promises.figures import count_open
from services.casework.promises.rules import Rules
from services.casework.settings import CaseworkSettings

_CASEWORK = pb.DESCRIPTOR.services_by_name["CaseworkService"]
_DOWNTIME = downtime_pb.DESCRIPTOR.services_by_name["DowntimeService"]
_RECONCILIATION = reconciliation_pb.DESCRIPTOR.services_by_name["ReconciliationService"]
_WORKFORCE = workforce_pb.DESCRIPTOR.services_by_name["WorkforceService"]


def servicers(database: Database, rules: Rules) -> Sequence[Servicer]:
    """What casework serves."""
    casework, workforce = Casework(database, rules), Workforce(database, rules)
    return [
        Servicer(rpc.add_CaseworkServiceServicer_to_server, casework, _CASEWORK, ACCESS),
        Servicer(
            reconciliation_rpc.add_ReconciliationServiceServicer_to_server,
            Reconciliation(database, rules),
            _RECONCILIATION,
            RECONCILIATION_ACCESS,
        ),
        Servicer(downtime_rpc.add_DowntimeServiceServicer_to_server, Downtime(database), _DOWNTIME, DOWNTIME_ACCESS),
        Servicer(workforce_rpc.add_WorkforceServiceServicer_to_server, workforce, _WORKFORCE, WORKFORCE_ACCESS),
    ]


def _servicers(runtime: Runtime) -> Sequence[Servicer]:
    return servicers(runtime.database, CaseworkSettings().rules())


def _subscriptions(_runtime: Runtime) -> Mapping[str, Mapping[str, Handler]]:
    return consumers.subscriptions(CaseworkSettings().rules())


async def _reading(uow: UnitOfWork) -> None:
    await count_open(uow)
    await tell_last(uow)


SERVICE = Service(
    name="casework",
    migrations=[Path(__file__).with_name("migrations")],
    servicers=_servicers,
    subscriptions=_subscriptions,
    expectations=EXPECTATIONS,
    reading=_reading,
)

if __name__ == "__main__":
    sys.exit(main(SERVICE))
