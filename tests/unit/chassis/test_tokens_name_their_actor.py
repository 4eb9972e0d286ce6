"""An actor comes from a signed token and from nowhere else."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from chassis import identity
from chassis.errors import Code, Refusal
from chassis.identity import Actor, ActorKind, Role, Verifier
from chassis.settings import MissingSetting, Settings

AGENCY = "https://identity.agency.example"


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
    claims = {"iss": identity.DEVELOPMENT_ISSUER, "aud": identity.AUDIENCE, "sub": "x", "iat": 1, "exp": 9_999_999_999}
    refused(keys, jwt.encode(claims, "", algorithm="none", headers={"kid": kid}))


@pytest.mark.parametrize("change", [{"aud": "elsewhere"}, {"iss": "somebody"}, {"roles": "DIRECTOR"}, {"sub": None}])
def test_a_token_for_another_purpose_is_refused(keys: Path, change: dict[str, object]) -> None:
    private = json.loads((keys / "issuer.jwk").read_text())
    now = datetime.now(UTC)
    claims = {
        "iss": identity.DEVELOPMENT_ISSUER,
        "aud": identity.AUDIENCE,
        "sub": "x",
        "iat": now,
        "exp": now + timedelta(hours=1),
    }
    kept = {name: value for name, value in (claims | change).items() if value is not None}
    refused(keys, jwt.encode(kept, jwt.PyJWK(private), algorithm="EdDSA", headers={"kid": private["kid"]}))


def of_the_agency(keys: Path, key: RSAPrivateKey | EllipticCurvePrivateKey, algorithm: str, **change: object) -> str:
    """A token of an agency's own issuer, which publishes the key's public part without saying for which algorithm."""
    kind = RSAAlgorithm if isinstance(key, RSAPrivateKey) else ECAlgorithm
    public = kind.to_jwk(key.public_key(), as_dict=True)  # type: ignore[arg-type]
    (keys / "jwks.json").write_text(json.dumps({"keys": [public | {"kid": "2026-01"}]}))
    now = datetime.now(UTC)
    claims = {"iss": AGENCY, "aud": identity.AUDIENCE, "sub": "staff-7", "iat": now, "exp": now + timedelta(minutes=5)}
    named = claims | {"roles": ["SCREENER"]} | change
    return jwt.encode(named, key, algorithm=algorithm, headers={"kid": "2026-01"})


def test_an_agencys_own_issuer_is_trusted_by_its_name_and_in_the_algorithms_of_the_trade(keys: Path) -> None:
    for key, algorithm in ((rsa(65537, 2048), "RS256"), (elliptic(SECP256R1()), "ES256")):
        token = of_the_agency(keys, key, algorithm)
        assert Verifier(keys, AGENCY).verify(token) == Actor("staff-7", frozenset({"SCREENER"}))
        refused(keys, token)  # by whoever trusts the development issuer


def test_the_development_issuer_is_a_stranger_where_an_agency_has_its_own(keys: Path) -> None:
    with pytest.raises(Refusal, match="not valid"):
        Verifier(keys, AGENCY).verify(identity.issue(keys, "staff-7", ["ADMIN"]))


def test_a_token_in_another_algorithm_than_its_keys_is_refused(keys: Path) -> None:
    """Whoever knows the public key could otherwise sign with it as with a password."""
    of_the_agency(keys, rsa(65537, 2048), "RS256")
    claims = {"iss": AGENCY, "aud": identity.AUDIENCE, "sub": "x", "iat": 1, "exp": 9_999_999_999}
    forged = jwt.encode(claims, "what everybody knows, and is long enough", "HS256", headers={"kid": "2026-01"})
    with pytest.raises(Refusal, match="not valid"):
        Verifier(keys, AGENCY).verify(forged)


def test_a_published_password_verifies_nothing(keys: Path) -> None:
    secret = {"kty": "oct", "k": jwt.utils.base64url_encode(b"secret" * 8).decode(), "kid": "shared"}
    (keys / "jwks.json").write_text(json.dumps({"keys": [secret]}))
    claims = {"iss": AGENCY, "aud": identity.AUDIENCE, "sub": "x", "iat": 1, "exp": 9_999_999_999}
    with pytest.raises(Refusal, match="does not publish"):
        Verifier(keys, AGENCY).verify(jwt.encode(claims, b"secret" * 8, headers={"kid": "shared"}))


def test_only_development_trusts_the_development_issuer() -> None:
    assert Settings().issuer() == identity.DEVELOPMENT_ISSUER
    assert Settings(environment="production", identity_issuer=AGENCY).issuer() == AGENCY
    for unsafe in (None, identity.DEVELOPMENT_ISSUER):
        with pytest.raises(MissingSetting, match="HOTLINE_IDENTITY_ISSUER"):
            Settings(environment="production", identity_issuer=unsafe).issuer()


def test_where_nobody_acts_nothing_is_done() -> None:
    with pytest.raises(Refusal, match="nobody is known to act"):
        identity.acting()
