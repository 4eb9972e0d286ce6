"""The house holds together: names are ours alone, and every reason we refuse with is in the contract."""

import ast
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from hotline.type.v1.error_pb2 import ErrorReason

ROOT = Path(__file__).parents[2]
OURS = {"chassis", "cli", "deploy", "hotline", "policy", "scenarios", "services", "tests", "tools", "workflows"}


def test_no_installed_distribution_provides_our_top_level_names() -> None:
    providers = {name: set(packages_distributions().get(name, ())) - {"hotline"} for name in OURS}

    assert {name: who for name, who in providers.items() if who} == {}


def test_every_dependency_says_why_it_is_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    names = {line.split("[")[0].split(">")[0].split("=")[0].strip() for line in wanted}
    told = (ROOT / "docs/decisions/dependencies.md").read_text()
    families = ("opentelemetry-", "grpcio-", "types-")

    untold = {name for name in names if name not in told and not name.startswith(families)}

    assert untold <= {"googleapis-common-protos", "setuptools", "asyncpg-stubs", "grpc-stubs"}


@pytest.mark.parametrize("room", ["chassis", "services", "policy"])
def test_every_reason_of_a_refusal_stands_in_the_contract(room: str) -> None:
    known = {name.removeprefix("ERROR_REASON_") for name in dict(ErrorReason.items())}
    used = {reason: f"{file.relative_to(ROOT)}:{line}" for file, line, reason in _reasons(ROOT / room)}

    assert {reason: where for reason, where in used.items() if reason not in known} == {}


def _reasons(room: Path) -> Iterator[tuple[Path, int, str]]:
    """Reasons given literally to the constructors of refusals, with their place."""
    first = {
        "failed_precondition",
        "already_exists",
        "permission_denied",
        "aborted",
        "unauthenticated",
        "unavailable",
        "Refused",
    }
    for file in sorted(room.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
            given += node.args[:1] if name in first else []
            given += node.args[1:2] if name == "Refusal" else []
            for value in given:
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.isupper():
                    yield file, node.lineno, value.value
