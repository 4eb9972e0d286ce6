"""What the platform holds itself to, and the rules by which Prometheus raises an alarm when it does not.

Each objective has a budget: the share of what it counts that may go wrong within thirty days. An alarm is raised by how
fast that budget burns, looked at over a long window, so that it means something, and a short one, so that it ends when
the trouble does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WINDOWS = ("5m", "30m", "1h", "6h", "3d")

BURNS = {
    # In an hour 2 % of the budget, in six hours 5 %: somebody is called.
    "page": (("1h", "5m", 14.4), ("6h", "30m", 6.0)),
    # In three days 10 %: somebody looks at it by day.
    "ticket": (("3d", "6h", 1.0),),
}
"""By severity: the long window, the short one, and how many times faster than evenly the budget burns in both."""

RUNBOOKS = "docs/operations/runbooks"

_FAILED = "UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS"
"""Endings of a call that are the platform's fault, not the caller's."""

Rule = dict[str, Any]


@dataclass(frozen=True)
class Objective:
    """`goal` of what is counted must be well. `bad` is PromQL for the share that is not, over the window `$window`."""

    name: str
    alert: str
    goal: float
    bad: str
    summary: str

    @property
    def budget(self) -> float:
        """The share that may go wrong."""
        return round(1 - self.goal, 6)


def _late(selector: str, seconds: int) -> str:
    """The share of promises' steps that came later than a bound of the histogram.

    Whether Prometheus writes a whole bound with its decimal depends on how it got it.
    """
    in_time = f'hotline_promise_lateness_seconds_bucket{{{selector},le=~"{seconds}([.]0)?"}}'
    told = f"hotline_promise_lateness_seconds_count{{{selector}}}"
    return f"1 - sum(rate({in_time}[$window])) / sum(rate({told}[$window]))"


def _failed() -> str:
    """The share of a service's calls that failed by its own fault; 0 where none did.

    A stream ends with the process that it comes from, whenever that is replaced, and its watcher begins another.
    """
    calls, asked = "rpc_server_call_duration_seconds_count", 'rpc_method!="WatchQueue"'
    every = f"sum by (job) (rate({calls}{{{asked}}}[$window]))"
    failed = f'sum by (job) (rate({calls}{{{asked},rpc_response_status_code=~"{_FAILED}"}}[$window]))'
    return f"({failed} or 0 * {every}) / {every}"


OBJECTIVES = (
    Objective(
        "rungs", "RungsLate", 0.99, _late('step="rung"', 15), "Rungs are climbed more than 15 s after their instant"
    ),
    Objective(
        "notices", "NoticesLate", 0.99, _late('step="notice"', 60), "People are told more than 60 s after the instant"
    ),
    Objective(
        "decisions",
        "DecisionsLate",
        0.95,
        _late('kind="SCREENING_DECISION",step="settled"', 0),
        "Reports are decided after the time by which somebody promised to decide",
    ),
    Objective(
        "calls",
        "CallsFail",
        0.999,
        _failed(),
        "Calls to {{ $labels.job }} fail",
    ),
    Objective(
        "facts",
        "FactsWaiting",
        0.999,
        "avg_over_time(hotline:facts_waiting[$window])",
        "Facts for {{ $labels.group }} wait for more than a minute",
    ),
    Objective(
        "outbox",
        "OutboxWaiting",
        0.999,
        "avg_over_time(hotline:outbox_waiting[$window])",
        "Facts of {{ $labels.job }} are committed and not on Kafka for more than 30 s",
    ),
)

# Whether something waits too long right now, 1 or 0: its average over a window is the share of the time.
_WAITING = {
    "hotline:facts_waiting": "max by (group) (hotline_consumer_oldest_unprocessed_seconds) > bool 60",
    "hotline:outbox_waiting": "max by (job) (hotline_outbox_oldest_seconds) > bool 30",
}


def rules() -> dict[str, Any]:
    """The file of rules for Prometheus."""
    return {
        "groups": [
            {"name": "waiting", "interval": "15s", "rules": [_record(n, expr) for n, expr in _WAITING.items()]},
            {"name": "objectives", "interval": "30s", "rules": [r for o in OBJECTIVES for r in _recorded(o)]},
            {"name": "budgets", "interval": "30s", "rules": [r for o in OBJECTIVES for r in _alerts(o)]},
        ]
    }


def _recorded(objective: Objective) -> Iterator[Rule]:
    yield _record("hotline:budget", f"vector({objective.budget:g})", objective=objective.name)
    for window in WINDOWS:
        bad = objective.bad.replace("$window", window)
        yield _record(f"hotline:bad:ratio_{window}", bad, objective=objective.name)


def _record(name: str, expression: str, **labels: str) -> Rule:
    return {"record": name, "expr": expression} | ({"labels": labels} if labels else {})


def _alerts(objective: Objective) -> Iterator[Rule]:
    for severity, burns in BURNS.items():
        yield {
            "alert": objective.alert,
            "expr": " or ".join(_burning(objective, *burn) for burn in burns),
            "labels": {"severity": severity},
            "annotations": {"summary": objective.summary, "runbook": f"{RUNBOOKS}/{objective.alert}.md"},
        }


def _burning(objective: Objective, long: str, short: str, factor: float) -> str:
    limit = f"{objective.budget * factor:g}"
    over = (f'hotline:bad:ratio_{window}{{objective="{objective.name}"}} > {limit}' for window in (long, short))
    return f"({' and '.join(over)})"
