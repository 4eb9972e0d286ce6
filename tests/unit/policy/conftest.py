"""The verifier of certificates as an auditor has it: one file beside a Python."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from certificate_desk import KEY
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from policy.canonical import canonical

VERIFIER = Path(__file__).parents[3] / "tools" / "verify_certificate.py"


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_certificate", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the verifier as an auditor would, on files of these signed documents."""
    key = tmp_path / "key.pem"
    key.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def run(*documents: dict[str, Any] | bytes, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        files = [tmp_path / f"{number}.json" for number, _ in enumerate(documents)]
        for file, document in zip(files, documents, strict=True):
            file.write_bytes(document if isinstance(document, bytes) else canonical(document))
        command = [sys.executable, "-I", str(VERIFIER), "--key", str(key), *options, *map(str, files)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    return run
