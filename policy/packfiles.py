"""The files of a pack: YAML for people, one merged document for the machine, and the seal that fixes it.

Scalars are read as JSON reads them (YES is a word, 08:00 is a word); a key written twice is a mistake, not a choice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from policy.canonical import canonical, sha256
from policy.errors import PackInvalid, PackMissing, PackTampered

SEAL = "seal.json"
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Seal:
    """What was put in force under a version: its hash and, if signed, with which key (`packs/keys/<key>.pem`)."""

    sha256: str
    key: str | None = None
    signature: str | None = None


def versions(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """The packs in a folder: each id with its versions, oldest first."""
    found: dict[str, list[str]] = {}
    for path in folder.glob("*/*/pack.yaml"):
        if _VERSION.fullmatch(path.parent.name):
            found.setdefault(path.parent.parent.name, []).append(path.parent.name)
    return {name: tuple(sorted(held, key=_semantic)) for name, held in found.items()}


def _semantic(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def read_document(packs: Path, pack_id: str, version: str) -> Mapping[str, Any]:
    """The merged document of a pack: what it extends, changed by what its own files say; valid by `schema.json`."""
    document = _read_with_base(packs, pack_id, version, seen=())
    if (document.get("id"), document.get("version")) != (pack_id, version):
        raise PackInvalid(
            [f"{pack_id}/{version}/pack.yaml"], f"its id and version must be {pack_id} and {version}, as its folder"
        )
    if not _is_sealed_as(packs / pack_id / version, document):
        _validate(packs, document, f"{pack_id}/{version}")
    return document


def _read_with_base(packs: Path, pack_id: str, version: str, seen: tuple[str, ...]) -> dict[str, Any]:
    name = f"{pack_id}@{version}"
    if name in seen:
        raise PackInvalid([name], f"packs extend one another in a circle: {' > '.join((*seen, name))}")
    if not (packs / pack_id / version).is_dir():
        raise PackMissing(name, f"pack {name} is not held" + (f", but {seen[-1]} extends it" if seen else ""))
    own = _read_files(packs / pack_id / version)
    base = own.get("extends")
    if not base:
        return own
    merged: dict[str, Any] = merge(_read_with_base(packs, base["id"], base["version"], (*seen, name)), own)
    return merged


def _read_files(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for path in sorted(folder.glob("*.yaml")):
        where = "/".join(path.parts[-3:])
        try:
            part = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader, with fewer types still
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise PackInvalid([where], f"not readable as YAML: {error}") from error
        if not isinstance(part, dict):
            raise PackInvalid([where], "the file must hold named entries")
        if twice := document.keys() & part.keys():
            raise PackInvalid([where], f"already written in another file of this pack: {', '.join(sorted(twice))}")
        document |= part
    return document


def merge(base: Any, own: Any, path: str = "") -> Any:
    """`base` as changed by `own`: entries by name, items of lists by their `id`, new ones last, all else replaced.

    `PackInvalid` if an id is written twice in one list: which of the two is changed, or counts, is not guessed.
    """
    if isinstance(base, dict) and isinstance(own, dict):
        return base | {
            key: merge(base[key], value, f"{path}.{key}" if path else str(key)) if key in base else value
            for key, value in own.items()
        }
    if _has_ids(base) and _has_ids(own):
        return list(merge(_by_id(base, path), _by_id(own, path), path).values())
    return own


def _by_id(items: list[Any], path: str) -> dict[str, Any]:
    found = {item["id"]: item for item in items}
    if len(found) != len(items):
        raise PackInvalid([path], f"an id is written twice among {', '.join(str(item['id']) for item in items)}")
    return found


_OF_AN_OFFICE = ("calendars", "clocks", "ladders")


def own_rules(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The calendars, clocks and ladders that hold in each county and office with its own, by path (`offices.metro`).

    What an office says wins over what its county says, and this over the jurisdiction.
    """
    common = {part: document[part] for part in _OF_AN_OFFICE}
    counties = {name: merge(common, own, f"counties.{name}") for name, own in document.get("counties", {}).items()}
    offices = {
        name: merge(counties.get(own.get("county"), common), own, f"offices.{name}")
        for name, own in document.get("offices", {}).items()
    }
    return {
        **{f"counties.{name}": rules for name, rules in counties.items()},
        **{f"offices.{name}": rules for name, rules in offices.items()},
    }


def _has_ids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and "id" in item for item in value)


def read_seal(folder: Path, digest: str) -> Seal | None:
    """The seal of a pack, checked against the hash of what its files say now; None for a draft."""
    path = folder / SEAL
    if not path.exists():
        return None
    name = f"{folder.parent.name}/{folder.name}"
    seal = _read_seal(path, name)
    if seal.sha256 != digest:
        message = (
            f"pack {name} is not what was sealed under this version ({seal.sha256[:12]} was, {digest[:12]} is): "
            "restore its files and those it extends, or write the change as a new version with its own effective_from"
        )
        raise PackTampered(name, message)
    return seal


def _read_seal(path: Path, name: str) -> Seal:
    try:
        return Seal(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise PackTampered(name, f"the seal of pack {name} is not readable as one: restore {SEAL}") from error


def verify(seal: Seal, keys: Path, name: str) -> None:
    """Refuse a signature that is not by the key it names, which must be one of those in the folder `keys`."""
    from cryptography.exceptions import InvalidSignature  # slow to import, and most runs read no signature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    held = {path.stem: path for path in keys.glob("*.pem")}
    path = held.get(seal.key or "")
    if path is None:
        trusted = ", ".join(sorted(held)) or "none"
        raise PackTampered(name, f"pack {name} is signed with the key {seal.key}; the keys trusted here are {trusted}")
    try:
        key = load_pem_public_key(path.read_bytes())
    except ValueError as error:
        raise PackTampered(name, f"{path.name} among the trusted keys is not readable as a PEM public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise PackTampered(name, f"{path.name} among the trusted keys is not an Ed25519 public key")
    try:
        key.verify(bytes.fromhex(seal.signature or ""), seal.sha256.encode())
    except (InvalidSignature, ValueError) as error:
        raise PackTampered(
            name, f"the signature of pack {name} does not belong to it and to the key {seal.key}"
        ) from error


def write_seal(folder: Path, digest: str, key_file: Path | None = None) -> Seal:
    """Seal a pack as it is now; with an Ed25519 private key (PEM), sign it and keep the public part in `packs/keys`."""
    seal = Seal(digest) if key_file is None else _sign(folder.parent.parent / "keys", digest, key_file)
    entries = {"sha256": seal.sha256, "key": seal.key, "signature": seal.signature}
    (folder / SEAL).write_bytes(canonical(entries) + b"\n")
    return seal


def _sign(keys: Path, digest: str, key_file: Path) -> Seal:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise PackInvalid([key_file.name], f"not readable as an unencrypted PEM private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise PackInvalid([key_file.name], "packs are signed with an Ed25519 key")
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    keys.mkdir(exist_ok=True)
    (keys / f"{key_file.stem}.pem").write_bytes(public)
    return Seal(digest, key_file.stem, key.sign(digest.encode()).hex())


def _is_sealed_as(folder: Path, document: Mapping[str, Any]) -> bool:
    """Whether this very document was sealed: then it was valid, and the slow validation need not be repeated."""
    path = folder / SEAL
    return path.exists() and _read_seal(path, folder.name).sha256 == sha256(document)


def _validate(packs: Path, document: Mapping[str, Any], name: str) -> None:
    whole, of_an_office = _schema(packs / "schema.json")
    _refuse(whole, document, name, ())
    for where, rules in own_rules(document).items():
        _refuse(of_an_office, rules, name, (where,))


def _refuse(validator: Any, document: Mapping[str, Any], name: str, where: tuple[str, ...]) -> None:
    errors = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        paths = [f"{name}: {'.'.join(map(str, (*where, *error.absolute_path))) or 'the whole'}" for error in errors]
        raise PackInvalid(paths, f"not a pack by packs/schema.json: {errors[0].message}")


@cache
def _schema(path: Path) -> tuple[Any, Any]:
    """What a pack must be, and what the calendars, clocks and ladders of an office must be."""
    from jsonschema import Draft202012Validator

    schema = json.loads(path.read_text(encoding="utf-8"))
    of_an_office = {part: schema["properties"][part] for part in _OF_AN_OFFICE}
    return (
        Draft202012Validator(schema),
        Draft202012Validator({"$defs": schema["$defs"], "properties": of_an_office, "required": [*_OF_AN_OFFICE]}),
    )


class _Loader(yaml.CSafeLoader):
    """YAML with JSON's scalars only, and no key written twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(None, None, f"written twice: {', '.join(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9]\d*)$"), list("-0123456789"))
