"""A running Prometheus with the rules that are deployed, which takes figures over OTLP."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.observability import HOW_TO_HAVE, OUTSIDE, RULES
from tests.programs import running
from tests.services import free_port

_OTLP = "web.enable-otlp-receiver"


class Prometheus:
    """Questions to the server at `address`."""

    def __init__(self, address: str) -> None:
        self._address = address

    @property
    def otlp(self) -> str:
        """Where metrics are sent over OTLP."""
        return f"{self._address}/api/v1/otlp/v1/metrics"

    def answers(self, query: str) -> list[Any]:
        """What a query answers now."""
        found: list[Any] = self._get("query", query=query)["result"]
        return found

    def has(self, selector: str) -> bool:
        """Whether there is any series that a selector selects."""
        return bool(self._get("series", **{"match[]": selector}))

    def selectors(self, query: str) -> set[str]:
        """The selectors in a query, as its own parser reads them; without durations and offsets."""
        return {_selector(node) for node in _nodes(self._get("parse_query", query=query)) if "matchers" in node}

    def is_ready(self) -> bool:
        """Whether it takes questions."""
        try:
            urllib.request.urlopen(f"{self._address}/-/ready").close()
        except urllib.error.URLError:
            return False
        return True

    def _get(self, what: str, **parameters: str) -> Any:
        address = f"{self._address}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{parameters}: {json.load(refusal)['error']}") from None


@contextmanager
def running_prometheus(program: str, folder: Path) -> Iterator[Prometheus]:
    """The program with the rules of the inside, evaluated every second; skipped if it is too old to take OTLP."""
    # What was built with `go build` does not know its own version.
    flags = subprocess.run([program, "--help"], capture_output=True, text=True)
    if _OTLP not in flags.stdout + flags.stderr:
        pytest.skip(f"{program} takes nothing over OTLP, it must be version 3 or newer: {HOW_TO_HAVE}")
    port, log = free_port(), folder / "prometheus.log"
    arguments = [
        f"--config.file={_configuration(folder)}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--{_OTLP}",
    ]
    prometheus = Prometheus(f"http://127.0.0.1:{port}")
    with running([program, *arguments], log, prometheus.is_ready):
        yield prometheus


def _configuration(folder: Path) -> Path:
    groups = [group for file, rules in RULES.items() if file != OUTSIDE for group in rules["groups"]]
    rules = {"groups": [group | {"interval": "1s"} for group in groups]}
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(folder / "rules.yaml")]}))
    return file


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for part in tree.values():
            yield from _nodes(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _nodes(part)


def _selector(node: dict[str, Any]) -> str:
    matchers = (f"{m['name']}{m['type']}{json.dumps(m['value'])}" for m in node["matchers"])
    return "{" + ",".join(matchers) + "}"
