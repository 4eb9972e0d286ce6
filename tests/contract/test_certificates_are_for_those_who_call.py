"""Each service shows a certificate for every name it is called by, and whoever calls from outside has one to show."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from deploy.local.settings import SERVICES
from tests.contract.manifests import Deployment


@pytest.fixture
def production(overlays: Mapping[str, Deployment]) -> Deployment:
    return overlays["production"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_who_it_is_from_other_namespaces_too(production: Deployment, service: str) -> None:
    """A caller compares the name it has called with those of the certificate, letter by letter."""
    (namespace,) = production.names("Namespace")
    near = f"{service}-api"
    names = [near, f"{near}.{namespace}", f"{near}.{namespace}.svc", f"{near}.{namespace}.svc.cluster.local"]
    assert production.named("Certificate", service)["spec"]["dnsNames"] == names


def test_callers_from_outside_have_a_certificate_with_which_nobody_can_answer(production: Deployment) -> None:
    edge = production.named("Certificate", "edge")["spec"]
    assert edge["issuerRef"] == production.named("Certificate", "intake")["spec"]["issuerRef"]
    assert "client auth" in edge["usages"]
    assert "server auth" not in edge["usages"]


def test_what_the_authority_has_vouched_for_stands_when_it_is_renewed(production: Deployment) -> None:
    """With another key it would vouch for nobody who holds an earlier certificate: no call would be answered."""
    assert production.named("Certificate", "authority")["spec"]["privateKey"]["rotationPolicy"] == "Never"
