"""`python -m deploy.kubernetes.generate`: write every file that is made from the table of topics."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy import generated
from deploy.kubernetes import asyncapi, kafka

PROJECT = Path(__file__).resolve().parents[2]
KUBERNETES = PROJECT / "deploy" / "kubernetes"
CONTEXTS = ("intake", "triage", "casework", "notifications")
VERSION = "1.0.0"
"""Of the contract of facts; a breaking change is another topic, `...v2`."""

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
    return made


def _text(documents: Iterable[Mapping[str, Any]]) -> str:
    return _NOTE + yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, width=120)


if __name__ == "__main__":
    generated.write(files(), PROJECT)
