"""What the overlay `development` needs and no operator makes there is made by one command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from chassis.identity import Actor, Verifier
from deploy.kubernetes import development_secrets
from tests.contract import schemas
from tests.contract.manifests import Deployment, Manifest, pod, title
from workflows.codec import Keyring


@pytest.fixture
def secrets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[Manifest]:
    assert development_secrets.main([str(tmp_path / "identity")]) == 0
    return list(yaml.safe_load_all(capsys.readouterr().out))


def held(secrets: list[Manifest], name: str) -> dict[str, str]:
    (found,) = (secret["stringData"] for secret in secrets if secret["metadata"]["name"] == name)
    return dict(found)


def test_they_hold_every_file_that_a_process_mounts(
    overlays: Mapping[str, Deployment], secrets: list[Manifest]
) -> None:
    made = {secret["metadata"]["name"]: set(secret["stringData"]) for secret in secrets}
    mounted = set()
    for workload in overlays["development"].workloads():
        for secret in (volume["secret"] for volume in pod(workload)["volumes"] if "secret" in volume):
            if secret["secretName"] in made:
                mounted.add(secret["secretName"])
                assert {item["key"] for item in secret["items"]} <= made[secret["secretName"]], title(workload)
    assert mounted == set(made)


def test_they_are_what_processes_can_use(
    secrets: list[Manifest], custom_schemas: Mapping[schemas.Kind, schemas.Schema], tmp_path: Path
) -> None:
    assert not [found for secret in secrets if (found := schemas.problems(secret, custom_schemas))]
    (keys := tmp_path / "jwks.json").write_text(held(secrets, "hotline-identity")["jwks.json"])
    for name in development_secrets.CALLERS:
        assert Verifier(keys).verify(held(secrets, f"{name}-token")["token"]) == Actor.service(name)
    (ring := tmp_path / "keyring.json").write_text(held(secrets, "hotline-payload-keys")["keyring.json"])
    assert Keyring.read(ring)
    assert "PRIVATE KEY" in held(secrets, "hotline-certificate-key")["certificate.pem"]


def test_made_again_keys_stay(secrets: list[Manifest], tmp_path: Path) -> None:
    """What was signed or encrypted before must stay readable."""
    again = development_secrets.manifests(tmp_path / "identity")
    kept = [secret for secret in secrets if not secret["metadata"]["name"].endswith("-token")]
    assert kept == again[: len(kept)]
