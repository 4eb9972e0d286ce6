"""The key that signs certificates."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


class CertificateKeyUnusable(Exception):
    """The file that HOTLINE_CERTIFICATE_KEY names holds no key that can sign a certificate."""


def signing_key(path: Path, *, make: bool) -> Ed25519PrivateKey:
    """The Ed25519 key in a PEM file.

    With `make` (development only) one is made where there is none, and its public half lies beside it for who verifies.
    """
    if make and not path.exists():
        _make(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as problem:
        raise CertificateKeyUnusable(
            f"HOTLINE_CERTIFICATE_KEY names {path}, which cannot be used ({type(problem).__name__}): "
            "it must be an Ed25519 private key in PEM, without a password, readable by this process"
        ) from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise CertificateKeyUnusable(f"HOTLINE_CERTIFICATE_KEY names {path}, which holds a key other than Ed25519")
    if make:
        _publish(key, path)
    return key


def _make(path: Path) -> None:
    """A new key. Several processes may try at once: the first one wins, and all then read its key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _publish(key: Ed25519PrivateKey, path: Path) -> None:
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.with_name(f"{path.stem}.public{path.suffix}").write_bytes(public)
