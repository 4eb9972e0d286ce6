"""What Temporal stores of us is ciphertext: arguments, results and failures, encrypted with keys that it never has."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

_ENCODING = b"binary/encrypted"
_NONCE = 12


class KeyringUnusable(Exception):
    """The file that HOTLINE_PAYLOAD_KEYS names holds no keys, or lacks the one a payload was encrypted with."""


@dataclass(frozen=True)
class Keyring:
    """AES-256 keys by their id. What is new is encrypted with `current`; the others still decrypt what is old."""

    current: str
    keys: Mapping[str, bytes]

    @classmethod
    def read(cls, file: Path) -> Keyring:
        """The keys of a JSON file: `{"current": ID, "keys": {ID: BASE64, ...}}`."""
        try:
            written = json.loads(file.read_text())
            keys = {name: base64.b64decode(key, validate=True) for name, key in written["keys"].items()}
            ring = cls(written["current"], keys)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise KeyringUnusable(_unusable(file, type(problem).__name__)) from problem
        if ring.current not in keys or any(len(key) != 32 for key in keys.values()):
            raise KeyringUnusable(_unusable(file, "no current key, or one that is not of 32 bytes"))
        return ring


def _unusable(file: Path, why: str) -> str:
    return f"HOTLINE_PAYLOAD_KEYS names {file}, which is no keyring ({why}): it must be readable by this process"


def make_keyring(file: Path) -> None:
    """Make a keyring with one key (development), readable by its owner alone; one that is there is kept."""
    if file.exists():
        return
    name = secrets.token_hex(4)
    ring = {"current": name, "keys": {name: base64.b64encode(AESGCM.generate_key(256)).decode()}}
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(ring, out)
    draft.replace(file)


class Encrypted(PayloadCodec):
    """AES-256-GCM. The id of the key stands beside the ciphertext, which is bound to it."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._ciphers = {name: AESGCM(key) for name, key in keyring.keys.items()}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Each payload encrypted with the current key."""
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Each payload as it was; what was written before there was encryption stays as it is."""
        return [self._decrypted(p) if p.metadata.get("encoding") == _ENCODING else p for p in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        nonce, key_id = os.urandom(_NONCE), self._keyring.current.encode()
        data = nonce + self._ciphers[self._keyring.current].encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(metadata={"encoding": _ENCODING, "key": key_id}, data=data)

    def _decrypted(self, payload: Payload) -> Payload:
        key_id = payload.metadata["key"]
        cipher = self._ciphers.get(key_id.decode())
        if cipher is None:
            raise KeyringUnusable(
                f"a payload needs the key {key_id.decode()}, which HOTLINE_PAYLOAD_KEYS does not hold"
            )
        try:
            return Payload.FromString(cipher.decrypt(payload.data[:_NONCE], payload.data[_NONCE:], key_id))
        except InvalidTag:
            raise KeyringUnusable(
                f"a payload does not open with the key {key_id.decode()}: one of them was changed"
            ) from None


def converter(keyring: Keyring | None) -> DataConverter:
    """How values become payloads: encrypted if there is a keyring, and failures with their messages inside."""
    if keyring is None:
        return DataConverter.default
    return replace(
        DataConverter.default,
        payload_codec=Encrypted(keyring),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
