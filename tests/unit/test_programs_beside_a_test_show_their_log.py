"""A program that a test runs beside it: there for the block, and what it wrote is shown where it is not."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from tests.programs import running
from tests.services import free_port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_is_up_in_the_block_and_gone_after_it(tmp_path: Path) -> None:
    port = free_port()
    serve = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with running(serve, tmp_path / "log", lambda: listens(port)):
        assert listens(port)
    assert not listens(port)


def test_one_that_ends_fails_the_test_with_what_it_wrote(tmp_path: Path) -> None:
    complain = [sys.executable, "-c", "import sys; sys.exit('no such option')"]
    with (
        pytest.raises(AssertionError, match="no such option"),
        running(complain, tmp_path / "log", lambda: False),
    ):
        pass
