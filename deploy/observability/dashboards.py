"""Five dashboards for Grafana: the hotline at a glance, its promises, its services, Kafka, Temporal.

A panel is a title, a unit and queries by their legends; everything else about a panel is the same for all, and written
once, here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SOURCE = {"type": "prometheus", "uid": "${source}"}
_LATENESS = "hotline_promise_lateness_seconds"
_CALLS = "rpc_server_call_duration_seconds"
_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3


@dataclass(frozen=True)
class Panel:
    """`queries`: PromQL by the legend of what it answers. `kind` is a type of Grafana's panels."""

    title: str
    unit: str
    queries: Mapping[str, str]
    kind: str = "timeseries"
    exemplars: bool = False


@dataclass(frozen=True)
class Dashboard:
    """One page; `uid` is its address in Grafana, and the name of its file."""

    uid: str
    title: str
    panels: Sequence[Panel]


def _quantile(share: float, metric: str, by: str = "", selector: str = "") -> str:
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{selector}[$__rate_interval])))"


def _late(share: float, step: str, by: str = "") -> str:
    return _quantile(share, _LATENESS, by, f'{{step="{step}"}}')


# A stream lasts as long as somebody watches.
_ANSWERED = '{rpc_method!="WatchQueue"}'

# Several copies tell the same of what they share: the greatest of them, never the sum.
_OVERDUE = 'max by (kind) (hotline_promises{state="OVERDUE"})'
_OUTBOX_AGE = "max by (job) (hotline_outbox_oldest_seconds)"
_DEAD_LETTERS = "max by (consumer) (hotline_dead_letters)"
_ROUND_AGO = "time() - max(hotline_reconciler_last_round_seconds)"
_BOOK_AGO = "time() - max(hotline_downtime_book_last_seconds)"

HOTLINE = Dashboard(
    "hotline",
    "Hotline",
    (
        Panel(
            "How fast budgets burn (1: just in time)",
            "short",
            {"{{objective}} {{job}}{{group}}": "hotline:bad:ratio_1h / on (objective) group_left () hotline:budget"},
        ),
        Panel(
            "Over three days (1: a tenth of the month's budget)",
            "short",
            {"{{objective}} {{job}}{{group}}": "hotline:bad:ratio_3d / on (objective) group_left () hotline:budget"},
            kind="bargauge",
        ),
        Panel("Alerts", "short", {"{{alertname}} {{severity}}": 'ALERTS{alertstate="firing"}'}, kind="stat"),
        Panel("Promises past their due time", "short", {"{{kind}}": _OVERDUE}),
        Panel("Open promises", "short", {"{{state}}": "sum by (state) (max by (kind, state) (hotline_promises))"}),
        Panel(
            "Reports that wait for a decision",
            "short",
            {"{{state}}": 'max by (state) (hotline_promises{kind="SCREENING_DECISION"})'},
        ),
        Panel("Last round of the reconciler", "s", {"ago": _ROUND_AGO}, kind="stat"),
        Panel(
            "Oldest fact that waits", "s", {"{{group}}": "max by (group) (hotline_consumer_oldest_unprocessed_seconds)"}
        ),
        Panel("Facts set aside", "short", {"{{consumer}}": _DEAD_LETTERS}),
        Panel("Last downtime book", "s", {"ago": _BOOK_AGO}, kind="stat"),
    ),
)

PROMISES = Dashboard(
    "promises",
    "Promises",
    (
        Panel(
            "Open promises by kind", "short", {"{{kind}}": "sum by (kind) (max by (kind, state) (hotline_promises))"}
        ),
        Panel(
            "Open promises by state", "short", {"{{state}}": "sum by (state) (max by (kind, state) (hotline_promises))"}
        ),
        Panel("Past their due time", "short", {"{{kind}}": _OVERDUE}),
        Panel(
            "Rungs: how late",
            "s",
            {"half of them": _late(0.5, "rung"), "99 of 100": _late(0.99, "rung")},
            exemplars=True,
        ),
        Panel(
            "People told: how late",
            "s",
            {"half of them": _late(0.5, "notice"), "99 of 100": _late(0.99, "notice")},
            exemplars=True,
        ),
        Panel("Kept: how late, 95 of 100", "s", {"{{kind}}": _late(0.95, "settled", "kind")}, exemplars=True),
        Panel(
            "Steps in an hour",
            "short",
            {"{{step}}": "sum by (step) (increase(hotline_promise_lateness_seconds_count[1h]))"},
        ),
        Panel(
            "Share kept after the due time, a day",
            "percentunit",
            {
                "{{kind}}": "1 - sum by (kind) "
                f'(rate({_LATENESS}_bucket{{step="settled",le=~"0([.]0)?"}}[1d]))'
                f' / sum by (kind) (rate({_LATENESS}_count{{step="settled"}}[1d]))'
            },
        ),
        Panel(
            "Mended by the reconciler, an hour",
            "short",
            {"{{repair}}": "sum by (repair) (increase(hotline_reconciler_repairs_total[1h]))"},
        ),
    ),
)

SERVICES = Dashboard(
    "services",
    "Services",
    (
        Panel("Calls a second", "reqps", {"{{job}}": f"sum by (job) (rate({_CALLS}_count[$__rate_interval]))"}),
        Panel(
            "Calls that were not answered as asked, a second",
            "reqps",
            {
                "{{job}} {{rpc_response_status_code}}": "sum by (job, rpc_response_status_code) "
                f'(rate({_CALLS}_count{{rpc_response_status_code!="OK"}}[$__rate_interval]))'
            },
        ),
        Panel(
            "How long calls take, 99 of 100",
            "s",
            {"{{job}}": _quantile(0.99, _CALLS, "job", _ANSWERED)},
            exemplars=True,
        ),
        Panel(
            "The slowest methods, 99 of 100",
            "s",
            {
                "{{rpc_service}} {{rpc_method}}": "topk(10, "
                f"{_quantile(0.99, _CALLS, 'rpc_service, rpc_method', _ANSWERED)})"
            },
        ),
        Panel(
            "How late processes wake up, 99 of 100",
            "s",
            {"{{job}} {{instance}}": _quantile(0.99, "hotline_event_loop_lag_seconds", "job, instance")},
        ),
        Panel(
            "Share of database connections in use",
            "percentunit",
            {
                "{{job}} {{instance}}": "sum by (job, instance, db_client_connection_pool_name)"
                ' (db_client_connection_count{db_client_connection_state="used"})'
                " / sum by (job, instance, db_client_connection_pool_name) (db_client_connection_max)"
            },
        ),
        Panel("Clocks, against their databases", "s", {"{{job}} {{instance}}": "hotline_clock_skew_seconds"}),
        Panel(
            "Copies that run",
            "short",
            {
                "{{job}} {{hotline_part}}": "count by (job, hotline_part) "
                "(count by (job, hotline_part, instance) (target_info))"
            },
        ),
    ),
)

KAFKA = Dashboard(
    "kafka",
    "Kafka",
    (
        Panel("Facts to read", "short", {"{{group}}": "sum by (group) (hotline_consumer_lag)"}),
        Panel(
            "Facts to read, by topic", "short", {"{{group}} {{topic}}": "sum by (group, topic) (hotline_consumer_lag)"}
        ),
        Panel(
            "Oldest fact that was read and waits",
            "s",
            {"{{group}} {{topic}}": "max by (group, topic) (hotline_consumer_oldest_unprocessed_seconds)"},
        ),
        Panel("Facts to send", "short", {"{{job}}": "max by (job) (hotline_outbox_depth)"}),
        Panel("Oldest fact to send", "s", {"{{job}}": _OUTBOX_AGE}),
        Panel("Facts set aside", "short", {"{{consumer}}": _DEAD_LETTERS}),
    ),
)

TEMPORAL = Dashboard(
    "temporal",
    "Temporal",
    (
        Panel(
            "How long workflows wait for a worker",
            "s",
            {
                "half of them": _quantile(0.5, "temporal_workflow_task_schedule_to_start_latency_seconds"),
                "99 of 100": _quantile(0.99, "temporal_workflow_task_schedule_to_start_latency_seconds"),
            },
        ),
        Panel(
            "How long a step of a workflow takes, 99 of 100",
            "s",
            {"{{workflow_type}}": _quantile(0.99, "temporal_workflow_task_execution_latency_seconds", "workflow_type")},
        ),
        Panel(
            "Steps of workflows that fail, a minute",
            "short",
            {
                "{{workflow_type}} {{failure_reason}}": "60 * sum by (workflow_type, failure_reason) "
                "(rate(temporal_workflow_task_execution_failed_total[5m]))"
            },
        ),
        Panel(
            "How long activities wait for a worker",
            "s",
            {
                "half of them": _quantile(0.5, "temporal_activity_schedule_to_start_latency_seconds"),
                "99 of 100": _quantile(0.99, "temporal_activity_schedule_to_start_latency_seconds"),
            },
        ),
        Panel(
            "How long activities take, 99 of 100",
            "s",
            {"{{activity_type}}": _quantile(0.99, "temporal_activity_execution_latency_seconds", "activity_type")},
        ),
        Panel(
            "Activities that fail and are tried again, a minute",
            "short",
            {"{{activity_type}}": "sum by (activity_type) (rate(temporal_activity_execution_failed_total[5m])) * 60"},
        ),
        Panel(
            "What workers could still take",
            "short",
            {"{{worker_type}}": "sum by (worker_type) (temporal_worker_task_slots_available)"},
        ),
        Panel(
            "Calls to Temporal that fail, a minute",
            "short",
            {
                "{{operation}} {{status_code}}": "60 * sum by (operation, status_code) "
                "(rate(temporal_request_failure_total[5m]))"
            },
        ),
        Panel("Last round of the reconciler", "s", {"ago": _ROUND_AGO}),
    ),
)

DASHBOARDS = (HOTLINE, PROMISES, SERVICES, KAFKA, TEMPORAL)


def document(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard as Grafana reads it from a file."""
    return {
        "uid": f"hotline-{dashboard.uid}",
        "title": dashboard.title,
        "tags": ["hotline"],
        "editable": False,
        "refresh": "30s",
        "schemaVersion": 41,
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}],
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(dashboard.panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, _COLUMNS)
    return {
        "id": number + 1,
        "title": panel.title,
        "type": panel.kind,
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}} if panel.kind == "timeseries" else {},
        "targets": [
            {
                "refId": chr(ord("A") + position),
                "datasource": _SOURCE,
                "expr": expression,
                "legendFormat": legend,
                "exemplar": panel.exemplars,
            }
            for position, (legend, expression) in enumerate(panel.queries.items())
        ],
    }
