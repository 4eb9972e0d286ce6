"""Who makes a call: a signed token on every call, and the actor taken from it and from nowhere else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from chassis import errors
from chassis.clock import Clock, system_clock

DEVELOPMENT_ISSUER = "hotline-development"
AUDIENCE = "hotline"
ALGORITHMS = ("EdDSA", "ES256", "RS256")
"""Signatures with a key pair; a key of another kind in the issuer's list is passed over."""
_PUBLIC = "jwks.json"
_PRIVATE = "issuer.jwk"
_SKEW = timedelta(seconds=5)


class Role(StrEnum):
    """What a person is employed to do; SERVICE is one of the platform's own processes."""

    INTAKE_SPECIALIST = "INTAKE_SPECIALIST"
    SCREENER = "SCREENER"
    INVESTIGATOR = "INVESTIGATOR"
    SUPERVISOR = "SUPERVISOR"
    MANAGER = "MANAGER"
    DIRECTOR = "DIRECTOR"
    ADMIN = "ADMIN"
    SERVICE = "SERVICE"


class ActorKind(StrEnum):
    """A person, or one of the platform's own services."""

    PERSON = "person"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: `subject` is a staff reference (never a name) or `service:<name>`."""

    subject: str
    roles: frozenset[str]
    kind: ActorKind = ActorKind.PERSON

    @classmethod
    def service(cls, name: str) -> Actor:
        """One of the platform's own services, as it acts on facts and alarms."""
        return cls(f"service:{name}", frozenset({Role.SERVICE}), ActorKind.SERVICE)


current_actor: ContextVar[Actor | None] = ContextVar("current_actor", default=None)


def acting() -> Actor:
    """The actor of the running call or fact; refused where nobody acts."""
    actor = current_actor.get()
    if actor is None:
        raise errors.unauthenticated("nobody is known to act here: the call carries no identity")
    return actor


def make_development_key(folder: Path) -> None:
    """Make the development issuer's signing key in `folder`, and the public keys (`jwks.json`) beside it.

    A folder that has a key keeps it. The private file is readable by its owner alone.
    """
    if not (folder / _PRIVATE).exists():
        rotate_development_key(folder)


def rotate_development_key(folder: Path) -> None:
    """Sign with a new key from now on; tokens of the earlier keys stay valid until they expire."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    public = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    kid = hashlib.sha256(public["x"].encode()).hexdigest()[:16]
    attributes = {"kid": kid, "alg": "EdDSA", "use": "sig"}
    earlier = json.loads((folder / _PUBLIC).read_text())["keys"] if (folder / _PUBLIC).exists() else []
    # Public first: a verifier must never meet a token whose key is not published yet.
    _write(folder / _PUBLIC, json.dumps({"keys": [*earlier, public | attributes]}), mode=0o644)
    _write(folder / _PRIVATE, json.dumps(OKPAlgorithm.to_jwk(key, as_dict=True) | attributes), mode=0o600)


def issue(
    folder: Path,
    subject: str,
    roles: Iterable[str],
    *,
    kind: ActorKind = ActorKind.PERSON,
    lifetime: timedelta = timedelta(hours=12),
    issuer: str = DEVELOPMENT_ISSUER,
    clock: Clock = system_clock,
) -> str:
    """A signed token for a person (or service), with the key in `folder`, as the development issuer or as `issuer`."""
    private = json.loads((folder / _PRIVATE).read_text())
    now = clock()
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": subject,
        "roles": sorted(roles),
        "kind": kind.value,
        "iat": now,
        "exp": now + lifetime,
    }
    return jwt.encode(claims, jwt.PyJWK(private), algorithm="EdDSA", headers={"kid": private["kid"]})


def issue_service_token(folder: Path, service: str, *, lifetime: timedelta = timedelta(days=30)) -> str:
    """The token with which one of our services calls the others."""
    actor = Actor.service(service)
    return issue(folder, actor.subject, actor.roles, kind=ActorKind.SERVICE, lifetime=lifetime)


def token_from_file(path: Path) -> Callable[[], str]:
    """A source of the token in a file, read again whenever the file changes: tokens are renewed without a restart."""
    held: tuple[int, str] = (-1, "")

    def read() -> str:
        nonlocal held
        changed = path.stat().st_mtime_ns
        if changed != held[0]:
            held = (changed, path.read_text().strip())
        return held[1]

    return read


class Verifier:
    """Knows the issuer's name and public keys, and turns a token into an actor."""

    def __init__(self, keys_path: Path, issuer: str = DEVELOPMENT_ISSUER) -> None:
        self._path = keys_path / _PUBLIC if keys_path.is_dir() else keys_path
        self._issuer = issuer
        self._changed = -1
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._reload()

    def verify(self, token: str) -> Actor:
        """The actor of a valid token; otherwise refused as UNAUTHENTICATED, saying what is wrong, never the token."""
        try:
            key = self._key(jwt.get_unverified_header(token).get("kid", ""))
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],  # the token does not choose
                audience=AUDIENCE,
                issuer=self._issuer,
                leeway=_SKEW,
                options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            )
            return _actor(claims)
        except jwt.ExpiredSignatureError:
            raise errors.unauthenticated("the token has expired: log in again") from None
        except (jwt.InvalidTokenError, ValueError) as problem:
            raise errors.unauthenticated(f"the token is not valid: {type(problem).__name__}") from None

    def _key(self, kid: str) -> jwt.PyJWK:
        # A key we have not met may have been published since: look once more, but only if the file has changed.
        if kid not in self._keys:
            self._reload()
        if kid not in self._keys:
            raise errors.unauthenticated("the token is signed with a key that the issuer does not publish")
        return self._keys[kid]

    def _reload(self) -> None:
        changed = self._path.stat().st_mtime_ns
        if changed != self._changed:
            keys = jwt.PyJWKSet.from_json(self._path.read_text()).keys
            self._keys = {key.key_id: key for key in keys if key.key_id and key.algorithm_name in ALGORITHMS}
            self._changed = changed


def _actor(claims: Mapping[str, Any]) -> Actor:
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise ValueError("roles must be a list of names")
    return Actor(str(claims["sub"]), frozenset(roles), ActorKind(claims.get("kind", ActorKind.PERSON)))


def _write(path: Path, text: str, *, mode: int) -> None:
    # Written aside and renamed, so that nobody ever reads half a file.
    aside = path.with_name(path.name + ".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    aside.replace(path)
