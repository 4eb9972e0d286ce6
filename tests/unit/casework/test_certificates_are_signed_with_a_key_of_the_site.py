"""The key of the certificates: made once in development, never in production, and refused in words when unusable."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_public_key,
)

from chassis.settings import MissingSetting
from services.casework.promises.keys import CertificateKeyUnusable, signing_key
from services.casework.settings import CaseworkSettings


def test_in_development_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "certificate.pem"

    with ThreadPoolExecutor(8) as several:
        keys = list(several.map(lambda _: signing_key(path, make=True), range(8)))

    assert len({key.private_bytes_raw() for key in keys}) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    public = load_pem_public_key((path.parent / "certificate.public.pem").read_bytes())
    assert public == keys[0].public_key()
    assert sorted(file.name for file in path.parent.iterdir()) == ["certificate.pem", "certificate.public.pem"]


def test_elsewhere_a_missing_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CertificateKeyUnusable, match=r"HOTLINE_CERTIFICATE_KEY.*FileNotFoundError"):
        signing_key(tmp_path / "certificate.pem", make=False)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "certificate.pem"
    other = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with pytest.raises(CertificateKeyUnusable, match="other than Ed25519"):
        signing_key(path, make=True)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "certificate.pem"
    path.write_text("not a key")

    with pytest.raises(CertificateKeyUnusable, match="ValueError"):
        signing_key(path, make=True)


def test_a_site_that_names_no_key_is_told_which_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOTLINE_CERTIFICATE_KEY", raising=False)

    with pytest.raises(MissingSetting, match="HOTLINE_CERTIFICATE_KEY"):
        CaseworkSettings().rules()
