"""`python -m deploy.kubernetes.development_secrets FOLDER | kubectl apply --server-side -f -`: to try the deployment.

Writes to standard output the secrets of the overlay `development`. Keys are kept in FOLDER, and made if it has none;
tokens are made anew, for 30 days. A real agency's secrets come from its own store.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from chassis.identity import issue_service_token, make_development_key
from deploy.kubernetes.kustomize import Manifest
from services.casework.promises.keys import signing_key
from workflows.codec import make_keyring

CALLERS = ("notifications", "workflows")
"""Who calls other services under its own name."""


def manifests(folder: Path) -> list[Manifest]:
    """Each secret, of what `folder` holds."""
    make_development_key(folder)
    make_keyring(folder / "payload-keys.json")
    signing_key(folder / "certificate.pem", make=True)
    return [
        _secret("hotline-identity", "jwks.json", (folder / "jwks.json").read_text()),
        _secret("hotline-payload-keys", "keyring.json", (folder / "payload-keys.json").read_text()),
        _secret("hotline-certificate-key", "certificate.pem", (folder / "certificate.pem").read_text()),
        *(_secret(f"{name}-token", "token", issue_service_token(folder, name)) for name in CALLERS),
    ]


def _secret(name: str, file: str, text: str) -> Manifest:
    metadata = {"name": name, "namespace": "hotline"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {file: text}}


def main(arguments: list[str]) -> int:
    """Answers the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m deploy.kubernetes.development_secrets FOLDER\n")
        return 2
    yaml.safe_dump_all(manifests(Path(arguments[0])), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
