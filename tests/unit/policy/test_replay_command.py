"""`hotline replay` as policy people type it, offline, and the page they hand on."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from replay_desk import lines, packs_with_trial, shift
from screening_desk import PACK

from cli import replaying
from cli.plots import Pair, opposed_bars, paired_bars
from cli.replay import replay
from tools.invented_reports import as_recorded, invented


def run(*arguments: str | Path, given: str | None = None) -> Result:
    return CliRunner().invoke(replay, [str(argument) for argument in arguments], input=given)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packs_with_trial(tmp_path_factory.mktemp("replay"))


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    file = tmp_path / "decisions.jsonl"
    file.write_text(lines(*shift()))
    return file


def test_a_year_that_comes_out_as_it_was_is_said_in_one_line(recorded: Path) -> None:
    """R102."""
    result = run("--in", recorded)
    assert (result.exit_code, result.output) == (0, "5 decisions replayed, 5 byte for byte as recorded\n")


def test_a_decision_that_comes_out_differently_is_an_error_with_its_first_path(recorded: Path) -> None:
    entries = shift()
    entries[1]["output"] = copy.deepcopy(entries[1]["output"]) | {"tier": "T4"}
    recorded.write_text(lines(*entries))
    result = run("--in", recorded)
    assert result.exit_code == 1
    assert 'DIFFERENT  more: tier: recorded "T4", replayed "T2"' in result.output
    told = json.loads(run("--in", recorded, "--json").output)
    assert (told["decisions"], told["same"]) == (5, 4)
    assert told["differences"] == [{"report_id": "more", "path": "tier", "recorded": '"T4"', "replayed": '"T2"'}]


def test_a_decision_that_differs_is_not_counted_in_the_impact(recorded: Path, folder: Path) -> None:
    entries = shift()
    entries[1]["output"] = copy.deepcopy(entries[1]["output"]) | {"tier": "T4"}
    recorded.write_text(lines(*entries))
    result = run("--in", recorded, "--pack", "trial", "--folder", folder, "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["impact"]["effects"]["decisions"] == 4


def test_another_pack_is_told_as_tables(recorded: Path, folder: Path) -> None:
    """R109."""
    result = run("--in", recorded, "--pack", "trial@1.0.0", "--folder", folder)
    assert result.exit_code == 0
    assert re.search(r"Under trial 1\.0\.0 \([0-9a-f]{12}\): 4 of 5 decisions change, 80\.0 %", result.output)
    assert "first contacts: 1 added, 1 saved, 1 due sooner, 0 due later" in result.output
    assert re.search(r"^T2 +0 +1 +0 +1 +0 +0$", result.output, re.MULTILINE)
    assert re.search(r"^VOICE +3 +2 +1 +1 +0 +0 +1 +0 +66\.67 \(", result.output, re.MULTILINE)


def test_every_changed_decision_is_listed_on_request(recorded: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "changed.jsonl"
    assert run("--in", recorded, "--pack", "trial", "--folder", folder, "--changed", out).exit_code == 0
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [entry["report_id"] for entry in told] == ["less", "more", "added", "saved"]
    assert told[0] == {"report_id": "less", "before": "T2", "after": "T3", "parts": ["tier"]}


def test_standard_input_is_read_and_an_amended_report_counts_once(folder: Path) -> None:
    """R038: every evaluation is replayed, the latest one counts."""
    first, *others = shift()
    given = lines({**first, "latest": False}, first, *others)
    result = run("--in", "-", "--pack", "trial", "--folder", folder, given=given)
    assert "6 decisions replayed, 6 byte for byte as recorded" in result.output
    assert "1 evaluations of reports that were amended since are not counted here" in result.output
    assert "4 of 5 decisions change" in result.output


def test_what_was_never_screened_is_counted_and_said(recorded: Path) -> None:
    recorded.write_text(lines(*shift(), {"report_id": "asked-too-little", "facts": {}, "output": None}))
    assert "1 more could not be screened when they were recorded: nothing to replay" in run("--in", recorded).output


def test_since_leaves_out_what_was_evaluated_before(recorded: Path) -> None:
    entries = shift()
    entries[0]["evaluated_at"] = "2027-01-02T00:00:00+00:00"
    recorded.write_text(lines(*entries))
    result = run("--in", recorded, "--since", "2027-01-01T00:00:00-06:00")
    assert result.output.startswith("1 decisions replayed")


@pytest.mark.parametrize(
    ("arguments", "code", "path"),
    [
        (("--since", "yesterday"), "BAD_VALUE", "--since"),
        (("--pack", "nowhere"), "PACK_MISSING", "nowhere"),
    ],
)
def test_a_wrong_request_names_what_is_wrong(recorded: Path, arguments: tuple[str, ...], code: str, path: str) -> None:
    result = run("--in", recorded, *arguments)
    assert result.exit_code == 2
    error = json.loads(result.output)["error"]
    assert (error["code"], error["paths"]) == (code, [path])


def test_a_line_that_is_no_decision_is_named_by_its_number(recorded: Path) -> None:
    recorded.write_text(lines(*shift()) + '\n{"report_id": "r"}\n')
    result = run("--in", recorded)
    assert result.exit_code == 2
    assert json.loads(result.output)["error"]["paths"] == ["line 7: facts"]


def test_a_pack_that_is_no_longer_held_stops_the_replay(recorded: Path) -> None:
    entries = shift()
    entries[2]["pack"] = {**entries[2]["pack"], "sha256": "0" * 64}
    recorded.write_text(lines(*entries))
    error = json.loads(run("--in", recorded).output)["error"]
    assert (error["code"], error["paths"]) == ("PACK_MISSING", ["line 3: seed-default@1.0.0"])


def test_without_a_stack_and_without_a_file_it_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path))
    result = run("--save", tmp_path / "kept.jsonl")
    assert result.exit_code == 2
    assert "start one with `hotline stack up`" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_another_pack_is_a_wrong_call(recorded: Path, tmp_path: Path) -> None:
    assert run("--in", recorded, "--html", tmp_path / "page.html").exit_code == 2
    assert run("--in", recorded, "--save", tmp_path / "kept.jsonl").exit_code == 2


def test_two_processes_find_the_same_as_one(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "CHUNK", 40)
    file = tmp_path / "many.jsonl"
    file.write_text(lines(*(as_recorded(report, PACK) for report in invented(200, seed=3))))
    one, two = (
        run("--in", file, "--pack", "trial", "--folder", folder, "--json", "--processes", processes)
        for processes in ("1", "2")
    )
    assert one.exit_code == two.exit_code == 0
    assert one.output == two.output
    assert json.loads(one.output)["impact"]["effects"]["changed"] > 10


class _Page(HTMLParser):
    """What a page asks for from elsewhere, and the tables and plots it holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.asked: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.asked += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "onclick", "onload", "style")]


def test_the_page_stands_alone_and_can_be_read_aloud(recorded: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert run("--in", recorded, "--pack", "trial", "--folder", folder, "--html", out).exit_code == 0
    text = out.read_text()
    page = _Page(text)
    assert page.asked == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "@import" not in text
    assert "url(" not in text
    plots = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]
    assert len(plots) >= 5
    for plot in plots:
        assert plot.get("role") == "img"
        told = {child.tag.rpartition("}")[2]: child.text for child in plot}
        assert told["title"]
        assert told["desc"]
    assert page.tags.count("table") == 5
    assert page.tags.count("th") > 40
    assert text.count('<td class="more">&#9650; 1</td>') == 2
    assert text.count('<td class="less">&#9660; 1</td>') == 2
    assert "<li>T2 to T1: more</li>" in text


def test_the_page_escapes_what_a_record_says(recorded: Path, folder: Path, tmp_path: Path) -> None:
    entries = shift()
    entries[0]["language"] = '<b onclick="x">'
    recorded.write_text(lines(*entries))
    out = tmp_path / "page.html"
    run("--in", recorded, "--pack", "trial", "--folder", folder, "--html", out)
    assert "<b" not in out.read_text().replace("<body", "")


def test_bars_are_as_long_as_their_figures() -> None:
    plot = ET.fromstring(paired_bars("t", ("before", "after"), [Pair("T0", 10, 20), Pair("T1", 0, 5)]))
    widths = [float(bar.get("width", "")) for bar in plot if bar.tag.endswith("rect")]
    assert widths[0] == pytest.approx(widths[1] / 2)
    assert widths[2] == 0
    assert widths[3] == pytest.approx(widths[1] / 4)


def test_opposed_bars_meet_at_the_middle_line() -> None:
    plot = ET.fromstring(opposed_bars("t", ("less", "more"), [Pair("es", 5.0, 10.0)]))
    axis = next(item for item in plot if item.tag.endswith("line"))
    left, right = (item for item in plot if item.tag.endswith("rect"))
    middle = float(axis.get("x1", ""))
    assert float(left.get("x", "")) + float(left.get("width", "")) == pytest.approx(middle, abs=0.11)
    assert float(right.get("x", "")) == pytest.approx(middle)
    assert float(right.get("width", "")) == pytest.approx(2 * float(left.get("width", "")), abs=0.11)


def test_a_plot_of_nothing_is_still_a_plot() -> None:
    assert "nothing to show" in paired_bars("t", ("before", "after"), [])
