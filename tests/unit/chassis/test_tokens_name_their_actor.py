"""An actor comes from a signed token and from nowhere else."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from chassis import identity
from chassis.errors import Code, Refusal
from chassis.identity import Actor, ActorKind, Role, Verifier


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    identity.make_development_key(tmp_path)
    return tmp_path


def test_a_token_names_its_subject_and_roles(keys: Path) -> None:
    token = identity.issue(keys, "staff-7", [Role.SCREENER, Role.SUPERVISOR])
    assert Verifier(keys).verify(token) == Actor("staff-7", frozenset({"SCREENER", "SUPERVISOR"}))


def test_a_service_has_a_token_of_its_own(keys: Path) -> None:
    actor = Verifier(keys / "jwks.json").verify(identity.issue_service_token(keys, "triage"))
    assert (actor.subject, actor.roles, actor.kind) == ("service:triage", {"SERVICE"}, ActorKind.SERVICE)


def test_making_the_key_again_keeps_it(keys: Path) -> None:
    token = identity.issue(keys, "staff-7", [Role.SCREENER])
    identity.make_development_key(keys)
    assert Verifier(keys).verify(token).subject == "staff-7"


def test_the_private_key_is_for_its_owner_alone_and_not_among_the_public_ones(keys: Path) -> None:
    assert (keys / "issuer.jwk").stat().st_mode & 0o077 == 0
    assert all("d" not in key for key in json.loads((keys / "jwks.json").read_text())["keys"])


def test_a_rotated_key_is_found_and_the_earlier_one_stays_good(keys: Path) -> None:
    before, verifier = identity.issue(keys, "staff-1", []), Verifier(keys)
    identity.rotate_development_key(keys)
    after = identity.issue(keys, "staff-2", [])
    assert [verifier.verify(token).subject for token in (before, after)] == ["staff-1", "staff-2"]


def refused(keys: Path, token: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        Verifier(keys).verify(token)
    assert caught.value.code is Code.UNAUTHENTICATED
    assert token not in str(caught.value)
    return caught.value


def test_an_expired_token_says_so(keys: Path) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert "expired" in refused(keys, identity.issue(keys, "staff-7", [], clock=lambda: long_ago)).message


def test_a_token_without_signature_is_refused(keys: Path) -> None:
    kid = json.loads((keys / "jwks.json").read_text())["keys"][0]["kid"]
    claims = {"iss": identity.ISSUER, "aud": identity.AUDIENCE, "sub": "x", "iat": 1, "exp": 9_999_999_999}
    refused(keys, jwt.encode(claims, "", algorithm="none", headers={"kid": kid}))


@pytest.mark.parametrize("change", [{"aud": "elsewhere"}, {"iss": "somebody"}, {"roles": "DIRECTOR"}, {"sub": None}])
def test_a_token_for_another_purpose_is_refused(keys: Path, change: dict[str, object]) -> None:
    private = json.loads((keys / "issuer.jwk").read_text())
    now = datetime.now(UTC)
    claims = {"iss": identity.ISSUER, "aud": identity.AUDIENCE, "sub": "x", "iat": now, "exp": now + timedelta(hours=1)}
    kept = {name: value for name, value in (claims | change).items() if value is not None}
    refused(keys, jwt.encode(kept, jwt.PyJWK(private), algorithm="EdDSA", headers={"kid": private["kid"]}))


def test_where_nobody_acts_nothing_is_done() -> None:
    with pytest.raises(Refusal, match="nobody is known to act"):
        identity.acting()
