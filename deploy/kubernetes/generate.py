"""`python -m deploy.kubernetes.generate`: write what is made from the table of topics, and what services have alike."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Any

import yaml

from deploy import generated
from deploy.kubernetes import asyncapi, kafka
from deploy.kubernetes.development_secrets import CALLERS

PROJECT = Path(__file__).resolve().parents[2]
KUBERNETES = PROJECT / "deploy" / "kubernetes"
CONTEXTS = ("intake", "triage", "casework", "notifications")
VERSION = "1.0.0"
"""Of the contract of facts; a breaking change is another topic, `...v2`."""

WITH_A_DATABASE = CONTEXTS
WITH_A_CERTIFICATE = WITH_KAFKA = (*CONTEXTS, "workflows")

_NOTE = "# Made by `make manifests` from the table of topics (chassis/topics.py): change it there.\n"


class _Plain(yaml.SafeDumper):
    # Every value where it stands: an anchor would save lines and cost whoever reads it.
    def ignore_aliases(self, data: Any) -> bool:
        return True


def files() -> Mapping[Path, str]:
    """Every generated file with the text it must have."""
    for context in CONTEXTS:  # a contract is known once its module has been imported
        importlib.import_module(f"hotline.{context}.v1.{context}_events_pb2")
    importlib.import_module("hotline.triage.v1.triage_shadow_events_pb2")
    made = {KUBERNETES / "base" / "kafka" / "topics.yaml": _text(kafka.topics())}
    made |= {KUBERNETES / "base" / name / "kafka.yaml": _text([kafka.user(name)]) for name in kafka.USERS}
    made[KUBERNETES / "components" / "autoscaling" / "kafka.yaml"] = _text([kafka.lag_watcher()])
    made[PROJECT / "docs" / "architecture" / "asyncapi.yaml"] = _text([asyncapi.document(VERSION)])
    return made | _alike()


def _alike() -> dict[Path, str]:
    """The files in which services differ by their names alone: Kustomize can put no name into the middle of a value."""
    base, mutual_tls = KUBERNETES / "base", KUBERNETES / "components" / "mutual-tls"
    made = {base / name / "database.yaml": _filled("database.yaml", name) for name in WITH_A_DATABASE}
    made |= {base / name / "with-database.yaml": _filled("with-database.yaml", name) for name in WITH_A_DATABASE}
    made |= {base / name / "with-kafka.yaml": _filled("with-kafka.yaml", name) for name in WITH_KAFKA}
    made |= {base / name / "calling.yaml": _filled("calling.yaml", name) for name in CALLERS}
    made |= {mutual_tls / f"{name}.yaml": _filled("with-certificate.yaml", name) for name in WITH_A_CERTIFICATE}
    return made


def _filled(template: str, service: str) -> str:
    note = f"# Made by `make manifests` from deploy/kubernetes/templates/{template}: change it there.\n"
    return note + Template((KUBERNETES / "templates" / template).read_text()).substitute(service=service)


def _text(documents: Iterable[Mapping[str, Any]]) -> str:
    return _NOTE + yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, width=120)


if __name__ == "__main__":
    generated.write(files(), PROJECT)
