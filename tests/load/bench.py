"""`make bench`: how fast this machine screens and replays, beside the goals. It reports, and asserts nothing on speed.

    python -m tests.load.bench [--screened N] [--replayed N]

What is measured is what people run: `hotline screen --lines` in one process, and `hotline replay` on all cores. Time on
the wall is what people wait; processor time says what the work costs where others use the machine too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from policy.canonical import canonical_plain
from policy.packs import DEFAULT_PACK, Packs
from tools.invented_reports import as_recorded, invented

SCREENING_GOAL = 5_000
"""Decisions a second through `hotline screen --lines` on one core."""
REPLAY_GOAL = 300
"""Seconds for 200,000 decisions under two packs."""
OTHER_PACK = "il-300"

_HOTLINE = (sys.executable, "-m", "cli")
_SHARE = 5_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took, in seconds: on the wall, and of the processor in all its processes."""

    wall: float
    processor: float


def main() -> int:
    """Measure both, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--screened", type=int, default=50_000, help="reports through `hotline screen --lines`")
    parser.add_argument("--replayed", type=int, default=200_000, help="decisions through `hotline replay`")
    given = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        screening(folder, given.screened)
        replaying(folder, given.replayed)
    return 0


def machine() -> str:
    """What it runs on."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"machine: {os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, load {load}"
    )


def screening(folder: Path, count: int) -> None:
    """Reports nobody made through `hotline screen --lines`, one process."""
    facts = folder / "facts.jsonl"
    with facts.open("wb") as file:
        file.writelines(canonical_plain(report.facts) + b"\n" for report in invented(count, seed=1))
    nothing = folder / "nothing.jsonl"
    nothing.touch()
    start = _run(("screen", "--lines"), nothing, folder / "none.jsonl")
    cost = _run(("screen", "--lines"), facts, folder / "decisions.jsonl")
    answered = sum(1 for _ in (folder / "decisions.jsonl").open("rb"))
    _expect(answered == count, f"{count:,} reports were screened and {answered:,} answers came")
    wall, processor = cost.wall - start.wall, cost.processor - start.processor
    print(
        f"screening: {count:,} reports in {wall:.1f} s on one core (start {start.wall:.1f} s): "
        f"{count / wall:,.0f} decisions/s, {count / processor:,.0f} per second of processor time; "
        f"goal {SCREENING_GOAL:,}",
        flush=True,
    )


def replaying(folder: Path, count: int) -> None:
    """Recorded decisions through `hotline replay`, under the pack that made them and another."""
    decisions = folder / "recorded.jsonl"
    began = time.perf_counter()
    _record(decisions, count)
    print(f"recorded: {count:,} decisions in {time.perf_counter() - began:.1f} s, all cores", flush=True)
    out = folder / "replayed.json"
    command = ("replay", "--in", str(decisions), "--pack", OTHER_PACK, "--html", str(folder / "impact.html"), "--json")
    cost = _run(command, Path(os.devnull), out)
    told = json.loads(out.read_text())
    _expect(
        told["same"] == told["decisions"] and told["decisions"] + told["unscreened"] == count,
        f"of {count:,} decisions {told['same']:,} came out the same",
    )
    print(
        f"replay: {count:,} decisions under {DEFAULT_PACK} and {OTHER_PACK} in {cost.wall:.0f} s "
        f"({cost.processor:.0f} s of processor time), all the same, {told['impact']['effects']['changed']:,} would "
        f"change; goal {REPLAY_GOAL} s for 200,000",
        flush=True,
    )


def _record(file: Path, count: int) -> None:
    shares = [(seed, min(_SHARE, count - done)) for seed, done in enumerate(range(0, count, _SHARE), 1)]
    with ProcessPoolExecutor() as pool, file.open("wb") as out:
        for lines in pool.map(_share, shares):
            out.write(lines)


def _share(share: tuple[int, int]) -> bytes:
    seed, count = share
    pack = Packs().get(DEFAULT_PACK)
    return b"".join(canonical_plain(as_recorded(report, pack)) + b"\n" for report in invented(count, seed))


def _run(command: Sequence[str], given: Path, out: Path) -> Cost:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with given.open("rb") as stdin, out.open("wb") as stdout:
        subprocess.run((*_HOTLINE, *command), stdin=stdin, stdout=stdout, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SystemExit(f"the bench measured something else than it should: {otherwise}")


if __name__ == "__main__":
    sys.exit(main())
