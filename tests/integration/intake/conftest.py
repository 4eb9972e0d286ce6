"""Intake as a process of its own, and an intake specialist who calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.infrastructure import Addresses
from hotline.intake.v1 import intake_service_pb2_grpc as rpc
from tests.services import RunningService, running_service


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def intake(stack: Addresses, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningService]:
    """Intake with its api, relay and consumer."""
    async with running_service("intake", stack, tmp_path_factory.mktemp("intake")) as service:
        yield service


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def desk(intake: RunningService) -> AsyncIterator[rpc.IntakeServiceAsyncStub]:
    """Intake as an intake specialist sees it."""
    async with intake.acting_as("INTAKE_SPECIALIST") as channel:
        yield rpc.IntakeServiceStub(channel)


@pytest_asyncio.fixture(loop_scope="session")
async def database(intake: RunningService) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Intake's own database, to see what was written."""
    connection = await asyncpg.connect(intake.database_url)
    yield connection
    await connection.close()
