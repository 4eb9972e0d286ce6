"""Where keys are trusted, whoever screens, owes or tells by a pack does not start with another one (R109)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from policy.packfiles import write_seal
from policy.packs import SHIPPED, Packs

PROCESSES = [
    ("triage", "api"),
    ("triage", "consumer"),
    ("casework", "api"),
    ("casework", "consumer"),
    ("notifications", "sender"),
]
# Nobody answers there: a process that got past its pack would say so, and end otherwise.
NOWHERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packs in which seed-default is signed, with the public key in `keys`."""
    folder = tmp_path_factory.mktemp("signed") / "packs"
    shutil.copytree(SHIPPED / "seed-default", folder / "seed-default")
    shutil.copy(SHIPPED / "schema.json", folder)
    key = folder.parent / "policy-office.pem"
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_seal(folder / "seed-default/1.0.0", Packs(folder).get("seed-default").sha256, key)
    return folder


def why_it_ended(service: str, part: str, **settings: Path | str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    addresses = {"HOTLINE_DATABASE_URL": f"postgresql://{NOWHERE}/none", "HOTLINE_SMTP_ADDRESS": NOWHERE}
    ended = subprocess.run(
        [sys.executable, "-m", f"services.{service}", part],
        cwd=Path(__file__).parents[2],
        env=environment | addresses | {name: str(value) for name, value in settings.items()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


@pytest.mark.parametrize(("service", "part"), PROCESSES)
def test_a_pack_that_nobody_known_has_signed_is_named(service: str, part: str, tmp_path: Path) -> None:
    said = why_it_ended(service, part, HOTLINE_PACK_KEYS=tmp_path)
    assert said.startswith(f"{service} {part}: PACK_TAMPERED: pack seed-default/1.0.0 is not signed")
    assert said.endswith("(seed-default/1.0.0)")


@pytest.mark.parametrize(("service", "part"), PROCESSES)
def test_a_pack_that_was_changed_after_it_was_signed_is_named(
    service: str, part: str, signed: Path, tmp_path: Path
) -> None:
    shutil.copytree(signed, tmp_path / "packs")
    rules = tmp_path / "packs/seed-default/1.0.0/rules.yaml"
    text = rules.read_text(encoding="utf-8")
    assert "severity >= 3 || emergency_care" in text
    rules.write_text(text.replace("severity >= 3 || emergency_care", "severity >= 4"), encoding="utf-8")
    said = why_it_ended(service, part, HOTLINE_PACKS=tmp_path / "packs", HOTLINE_PACK_KEYS=signed / "keys")
    assert said.startswith(f"{service} {part}: PACK_TAMPERED: pack seed-default/1.0.0 is not what was sealed")


def test_a_pack_signed_with_a_trusted_key_is_taken(signed: Path) -> None:
    """Casework goes on to what it needs next: the key for its certificates."""
    said = why_it_ended("casework", "api", HOTLINE_PACKS=signed, HOTLINE_PACK_KEYS=signed / "keys")
    assert said.startswith("casework api: HOTLINE_CERTIFICATE_KEY is not set")
