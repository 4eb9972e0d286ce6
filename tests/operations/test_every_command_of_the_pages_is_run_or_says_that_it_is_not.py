"""What docs/operations tells people to type at night: a test runs it, or the page says that none does."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = sorted((PROJECT / "docs" / "operations").rglob("*.md"))
SAYS_NOT = "not run by a test"
ELSEWHERE = frozenset({"docker", "helm", "kubectl", "make cluster-check", "temporal"})
"""Programs that need what no test has: a page, or the README beside it, may say it once for all of them."""

_STORES = "tests/operations/test_stores_are_put_back_as_of_different_instants.py"
_STACK = "tests/integration/test_stack.py"
RUN_BY = {
    "hotline stack backup": _STORES,
    "hotline stack restore": _STORES,
    "hotline stack up": _STORES,
    "hotline stack down": _STORES,
    "hotline stack status": _STACK,
    "hotline stack reset": _STACK,
    "hotline facts lost": _STORES,
    "hotline facts republish": "tests/faults/test_lost_stores.py",
    "hotline facts stuck": "tests/operations/test_the_page_on_incidents_works.py",
    "hotline status": "tests/operations/test_the_page_on_incidents_works.py",
    "hotline facts redrive": "tests/operations/test_the_page_on_incidents_works.py",
    "hotline facts waive": "tests/operations/test_the_page_on_incidents_works.py",
    "hotline queue": "tests/operations/test_the_page_on_incidents_works.py",
    "hotline promises --due-within": "tests/operations/test_the_page_on_incidents_works.py",
    "hotline promises --late": "tests/operations/test_the_page_on_incidents_works.py",
    "hotline downtime-book": "tests/operations/test_the_page_on_incidents_works.py",
    "hotline workflows upgrade": "tests/operations/test_a_release_beside_the_former_one.py",
    "hotline promise": "tests/integration/casework/test_people_ask_on_the_command_line.py",
    "hotline messages": "tests/integration/notifications/test_mail_goes_out_once.py",
    "hotline packs sign": "tests/unit/policy/test_policy_commands.py",
    "hotline login": "tests/operations/test_the_page_on_incidents_works.py",
    "hotline why": "tests/telemetry/test_why_a_family_was_contacted_late.py",
    "age --decrypt": "tests/integration/casework/test_a_downtime_book_holds_what_is_owed.py",
}
"""Commands by how they begin, each with the test that runs it; the longest that fits counts."""
_AMID_A_SENTENCE = re.compile(r"`((?:hotline|kubectl) [^`]+)`")


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a page, as it stands there."""

    page: str
    line: int
    text: str
    says_not: bool
    """Its own line or its block says that no test runs it, or it is of `ELSEWHERE` and its page says so."""

    @property
    def test(self) -> str | None:
        """The test that is said to run it."""
        fitting = [known for known in RUN_BY if f"{self.text} ".startswith(f"{known} ")]
        return RUN_BY[max(fitting, key=len)] if fitting else None


def commands(page: Path) -> Iterator[Command]:
    """The lines of a page's fenced blocks that have no language, for a shell, and what is named so amid a sentence."""
    fence, of_elsewhere = None, _is_said_of_the_whole(page) or _is_said_of_the_whole(page.with_name("README.md"))
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if text.startswith("```"):
            fence = text.removeprefix("```").strip() if fence is None else None
        elif fence is not None and text and not text.startswith("#") and _is_for_a_shell(fence):
            # Two spaces part a command from what a table of commands says of it.
            typed = re.split(r"\s{2,}|\s+#", text)[0]
            says_not = SAYS_NOT in line or SAYS_NOT in fence or (of_elsewhere and typed.startswith(tuple(ELSEWHERE)))
            yield Command(page.name, number, typed, says_not)
        elif fence is None:
            for typed in _AMID_A_SENTENCE.findall(line):
                yield Command(page.name, number, typed, of_elsewhere and typed.startswith("kubectl"))


def _is_said_of_the_whole(page: Path) -> bool:
    if not page.exists():
        return False
    prose = "".join(page.read_text(encoding="utf-8").split("```")[::2])
    return re.search(r"not\s+run\s+by\s+(a\s+test|`make test`)", prose) is not None


def _is_for_a_shell(fence: str) -> bool:
    return fence.split(" ")[0] in ("", "sh", "not")


ALL = [command for page in PAGES for command in commands(page)]


@pytest.mark.parametrize("command", ALL, ids=lambda command: f"{command.page}:{command.line}")
def test_a_test_runs_it_or_the_page_says_that_none_does(command: Command) -> None:
    assert command.says_not or command.test, f"{command.page}:{command.line}: no test runs `{command.text}`"


@pytest.mark.parametrize("known", RUN_BY)
def test_the_test_that_is_named_types_it(known: str) -> None:
    source = (PROJECT / RUN_BY[known]).read_text()
    program, *words = shlex.split(known)
    typed = words if program == "hotline" else [program, *words]
    # In quotes, or the group of commands itself.
    pattern = r",\s*".join(f'"?{re.escape(word)}"?' for word in typed)
    assert re.search(pattern, source), f"{RUN_BY[known]} does not type {known}"


def test_nothing_is_named_that_no_page_tells_people_to_type() -> None:
    used = {known for known in RUN_BY for command in ALL if f"{command.text} ".startswith(f"{known} ")}
    assert used == set(RUN_BY)


def test_pages_are_read_as_they_are_written(tmp_path: Path) -> None:
    """A checker that reads no command would find none that is missing."""
    page = tmp_path / "page.md"
    page.write_text(
        "text `hotline amid` of `hotline`\n```\nhotline a b   what it does\nhotline c  # not run by a test: no\n```\n"
        "```yaml\nhotline: no\n```\n- item\n  ```\n  hotline d\n  kubectl f\n  ```\n"
        "``` not run by a test: needs a cluster\nkubectl e\n```\n"
    )
    found = [(command.text, command.says_not) for command in commands(page)]
    assert found == [
        ("hotline amid", False),
        ("hotline a b", False),
        ("hotline c", True),
        ("hotline d", False),
        ("kubectl f", False),
        ("kubectl e", True),
    ]
    page.write_text(page.read_text() + "Commands that need a cluster are not run by a test.\n")
    said = {command.text: command.says_not for command in commands(page)}
    assert (said["kubectl f"], said["hotline d"]) == (True, False)
    assert len(ALL) > 20
