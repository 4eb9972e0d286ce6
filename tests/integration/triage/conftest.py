"""Intake and triage as processes of their own, joined by nothing but Kafka, and the people who call them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.infrastructure import Addresses
from hotline.intake.v1 import intake_service_pb2_grpc as intake_rpc
from hotline.triage.v1 import triage_service_pb2_grpc as rpc
from tests.integration.triage.screening_desk import Person
from tests.services import RunningService, running_service


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where both services keep their logs, and the issuer both trust."""
    return tmp_path_factory.mktemp("triage")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def intake(stack: Addresses, folder: Path) -> AsyncIterator[RunningService]:
    """Intake with its api and relay."""
    async with running_service("intake", stack, folder) as service:
        yield service


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def triage(stack: Addresses, folder: Path) -> AsyncIterator[RunningService]:
    """Triage with its api, relay and consumer."""
    async with running_service("triage", stack, folder) as service:
        yield service


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def desk(intake: RunningService) -> AsyncIterator[intake_rpc.IntakeServiceAsyncStub]:
    """Intake as an intake specialist sees it."""
    async with intake.acting_as("INTAKE_SPECIALIST") as channel:
        yield intake_rpc.IntakeServiceStub(channel)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def screener(triage: RunningService) -> AsyncIterator[rpc.TriageServiceAsyncStub]:
    """Triage as a screener sees it."""
    async with triage.acting_as("SCREENER") as channel:
        yield rpc.TriageServiceStub(channel)


@pytest.fixture
def wren(triage: RunningService) -> Person:
    """A screener."""
    return Person(triage, "SCREENER")


@pytest.fixture
def soren(triage: RunningService) -> Person:
    """A supervisor."""
    return Person(triage, "SUPERVISOR")


@pytest.fixture
def mara(triage: RunningService) -> Person:
    """A manager."""
    return Person(triage, "MANAGER")


@pytest_asyncio.fixture(loop_scope="session")
async def database(triage: RunningService) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Triage's own database, to see what was written."""
    connection = await asyncpg.connect(triage.database_url)
    yield connection
    await connection.close()
