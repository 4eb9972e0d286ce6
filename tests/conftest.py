"""What every test may ask for: the outside parts of the platform, real, one set for the whole session."""

from collections.abc import AsyncIterator, Generator

import hypothesis  # noqa: F401 - its plugin would import it at the very end, on a stack too deep for Python 3.11 to parse
import pytest
import pytest_asyncio
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from deploy.local.infrastructure import Addresses
from deploy.local.processes import StackError
from tests.stack import fresh_database, reachable_folder, start_infrastructure

_STACK = pytest.StashKey[Addresses]()
_WHOLE_PLATFORMS = ("containers", "faults", "journeys", "operations", "telemetry")
"""Folders whose tests bring the whole platform up."""


class OneWholePlatformAtATime(LoadFileScheduling):
    """Lanes take file by file, and one lane takes all files that bring the whole platform up.

    People of such a test answer within seconds, as people do; beside a second platform the machine has none to spare.
    """

    def _split_scope(self, nodeid: str) -> str:
        whole = nodeid.split("/")[1] in _WHOLE_PLATFORMS
        return "the whole platform" if whole else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneWholePlatformAtATime:
    """How files are handed to the lanes of `make test`."""
    return OneWholePlatformAtATime(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Start the outside parts before the first test that needs them: the very first start builds for minutes,
    which must not count as the time of a test, and must be seen."""
    wanted = any("stack" in getattr(item, "fixturenames", ()) for item in session.items)
    if not wanted or session.config.option.collectonly:
        return (yield)
    try:
        with reachable_folder() as folder, start_infrastructure(folder) as addresses:
            session.config.stash[_STACK] = addresses
            return (yield)
    except StackError as problem:
        pytest.exit(f"the tests need the outside parts, and they did not come up: {problem}", returncode=1)


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Addresses:
    """Where PostgreSQL, Kafka, Temporal and mail of this session are."""
    return pytestconfig.stash[_STACK]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database_url(stack: Addresses) -> AsyncIterator[str]:
    """A new, empty database for the tests of one module, as a role of its own."""
    async with fresh_database(stack) as url:
        yield url
