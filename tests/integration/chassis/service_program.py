"""The notebook as a whole service, wired as every service is: `service_program.py [api|relay|consumer|migrate|all]`.

Its facts go to a topic of the product's table, because the wiring of services knows no other.
"""

import sys
from collections.abc import Sequence

from chassis.consumer import Subscriptions
from chassis.server import Servicer
from chassis.service import Runtime, Service, main
from chassis.topics import topic_of
from tests.integration.chassis import notebook
from tests.integration.chassis.contract import pb

AGGREGATE_TYPE = "intake.report"
NAME = "notebook"


def servicers(runtime: Runtime) -> Sequence[Servicer]:
    """The one gRPC service."""
    return [notebook.servicer(notebook.Notebook(runtime.database, AGGREGATE_TYPE))]


def subscriptions(_runtime: Runtime) -> Subscriptions:
    """It reads what it writes."""
    return {topic_of(AGGREGATE_TYPE): {pb.LineWritten.DESCRIPTOR.full_name: notebook.read_line}}


if __name__ == "__main__":
    sys.exit(main(Service(NAME, [notebook.MIGRATIONS], servicers, subscriptions)))
