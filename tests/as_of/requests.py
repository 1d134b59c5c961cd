"""Generates requests of every operation that can be read as of a position."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any, Final, get_args

from baton.command_api.dialect.contract import Dialect, Route, discover
from baton.command_api.own import own_api
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.run.execution_id import execution_id
from baton.domain.stream import stream_parts
from baton.eventlog.events.envelope import Recorded
from baton.projector.views.runs.view import WaitsFor
from baton.protocols.iso_time import format_time
from tests.scenarios.stack import base_and_headers

_PARAMETER: Final = re.compile(r"\{([^}:]+)(?::[^}]*)?\}")
_EXECUTION: Final = (
    "id status startTime endTime context { data version }"
    " taskExecutions { id taskDefinitionId status startTime endTime attempts error }"
)
_TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that reads; `path` has its query, and never `asOf`. With a `body` it is a POST."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The ids that a tenant's history holds, and times within it."""

    values: Mapping[str, Sequence[str]]
    queries: Mapping[tuple[str, str], Sequence[str]]
    operations: Sequence[Mapping[str, object]]


def requests_about(
    events: Sequence[Recorded], tenant: str, random: Random, *, each: int
) -> Iterator[Request]:
    """Yield requests of every operation that can be read as of a position.

    Args:
        events: The whole history; requests are also about what only its end holds.
        tenant: The tenant that asks.
        random: Chooses among the ids and the queries.
        each: The number of requests of one operation, at most.
    """
    known = _known(events, tenant)
    for dialect in (*discover(), own_api()):
        for route in dialect.routes:
            if route.as_of:
                paths = list(_paths(dialect, route, tenant, known))
                yield from random.sample(paths, min(each, len(paths)))


def _paths(dialect: Dialect, route: Route, tenant: str, known: Known) -> Iterator[Request]:
    base, headers = base_and_headers(dialect, tenant)
    sent = {**headers, "X-Tenant": tenant, "traceparent": _TRACE}
    if route.method == "POST":
        for body in known.operations:
            yield Request(base, sent, body)
        return
    names = _PARAMETER.findall(route.path)
    for values in product(*(known.values.get(name, ("nothing",)) for name in names)):
        path = base + route.path
        for name, value in zip(names, values, strict=True):
            path = re.sub(rf"\{{{name}(:[^}}]*)?\}}", value, path)
        for query in known.queries.get((dialect.name, route.path), ("",)):
            yield Request(f"{path}{query}", sent)
        if route.exported is not None:
            yield Request(path, {**sent, "Accept": "application/x-ndjson"})


def _known(events: Sequence[Recorded], tenant: str) -> Known:
    """Return the ids of a history, each kind with an id that doesn't exist."""
    streams = _streams(events, tenant)
    states = [DEFINITION.fold(one) for one in streams["definition"].values()]
    slugs = sorted({state.slug for state in states})
    labels = sorted({one.label for state in states for one in state.publications.values()})
    times = [format_time(events[len(events) * part // 4].event.at) for part in (1, 2, 3)]
    steps = _execution_ids(streams["run"])
    runs, definitions = [*streams["run"], "nothing"], [*streams["definition"], "nothing"]
    values = {
        "id": definitions,
        "orchestrationId": definitions,
        "workflowId": definitions,
        "definitionId": definitions,
        "definition": [*slugs, *definitions],
        "dagId": slugs,
        "version": ["1", "2", "3", *labels],
        "runId": runs,
        "executionId": [*runs, *steps],
        "stepId": sorted({one.split(".")[1] for one in steps} | {"nothing"}),
        "scheduleId": [*streams["schedule"], *definitions],
        "recordId": [*streams["record"], "nothing"],
        "kind": ["claim", "verification"],
        "streamId": ["nothing", *(f"slug:{one}" for one in slugs)],
    }
    queries = _queries(definitions, slugs, times, runs)
    return Known(values, queries, list(_operations(definitions, runs)))


def _streams(events: Sequence[Recorded], tenant: str) -> Mapping[str, Mapping[str, list[Any]]]:
    """Return the tenant's events by the kind and the id of their stream."""
    found: dict[str, dict[str, list[Any]]] = {
        kind: {} for kind in ("definition", "run", "schedule", "record")
    }
    for recorded in events:
        parts = stream_parts(recorded.stream)
        if parts.tenant == tenant and parts.kind in found:
            found[parts.kind].setdefault(parts.id, []).append(recorded.event)
    return found


def _execution_ids(runs: Mapping[str, Sequence[Any]]) -> Sequence[str]:
    found = (
        execution_id(run_id, event.step_id, event.visit, getattr(event, "attempt", 1))
        for run_id, events in runs.items()
        for event in events
        if hasattr(event, "visit")
    )
    return list(dict.fromkeys(found))


def _operations(definitions: Sequence[str], runs: Sequence[str]) -> Iterator[Mapping[str, object]]:
    """Yield queries of GraphQL: every root field that can be read as of a position."""
    for ident in definitions:
        fields = "id name version createdAt updatedAt tasks { id name dependencies }"
        query = f"query($id: ID!) {{ workflowDefinition(id: $id) {{ {fields} }} }}"
        yield {"query": query, "variables": {"id": ident}}
    page = "totalCount pageInfo { hasNextPage endCursor }"
    for ident in runs:
        query = (
            f"query($id: ID!) {{ workflowExecution(id: $id) {{ {_EXECUTION} }}"
            " progressReport(workflowExecutionId: $id) { completedTasks totalTasks"
            " estimatedCompletion blockers { description } milestones { name achievedAt } } }"
        )
        yield {"query": query, "variables": {"id": ident}}
    for more in ("", *(f", status: {one}" for one in ("RUNNING", "COMPLETED", "FAILED"))):
        yield {
            "query": f"{{ workflowExecutions(first: 5{more})"
            f" {{ {page} edges {{ cursor node {{ {_EXECUTION} }} }} }}"
            f" workflowDefinitions(first: 3) {{ {page} edges {{ cursor node {{ id }} }} }} }}"
        }


def _queries(
    definitions: Sequence[str], slugs: Sequence[str], times: Sequence[str], runs: Sequence[str]
) -> Mapping[tuple[str, str], Sequence[str]]:
    """Return the queries of each route, by the dialect's name and the route's path."""
    periods = [f"?from={times[0]}&to={one}" for one in times[1:]]
    by_dialect = {
        "centrali-openapi": _centrali_queries(),
        "centrali-reference": _centrali_queries(),
        "orchestration-system": _orchestration_system_queries(definitions),
        "orchestrator": {
            "/runs": [
                "?page_size=3",
                *(f"?dagId={one}" for one in slugs),
                *periods,
                *_statuses("running", "succeeded", "failed", "cancelled"),
            ],
            "/dags": ["", "?page_size=2", "?active=true", "?active=false"],
        },
        "baton": {
            "/runs": _own_queries_of_runs(definitions, slugs, periods, runs),
            "/schedules": ["", *(f"?definitionId={one}" for one in definitions)],
            "/definitions": ["", "?limit=2&offset=1", *_statuses("active", "paused")],
            "/definitions/{definition}/diff": ["?from=1&to=2"],
            "/runs/{runId}/diff": [f"?with={runs[0]}", "?from=1&to=9999999999", "?to=9"],
            "/log": ["", "?limit=20", "?after=30&limit=10"],
            "/stats": ["?window=1m&bucket=10s"],
        },
    }
    return {
        (dialect, path): queries
        for dialect, by_path in by_dialect.items()
        for path, queries in by_path.items()
    }


def _statuses(*statuses: str) -> Sequence[str]:
    return [f"?status={one}" for one in statuses]


def _centrali_queries() -> Mapping[str, Sequence[str]]:
    fields = ("createdAt", "updatedAt", "name", "status")
    return {
        "/orchestrations": [
            f"?sort={by}&order={order}&pageSize=4&page={page}"
            for by, order, page in product(fields, ("asc", "desc"), (1, 2))
        ],
        "/orchestrations/{orchestrationId}/runs": [
            *_statuses("pending", "running", "waiting", "completed", "failed"),
            *(f"?pageSize=3&page={page}" for page in (1, 2, 3)),
            "?include=steps",
            "",
        ],
    }


def _orchestration_system_queries(definitions: Sequence[str]) -> Mapping[str, Sequence[str]]:
    return {
        "/executions": [
            "",
            *_statuses("running", "completed", "failed", "pending"),
            *(f"?workflowId={one}&limit=2&offset=1" for one in definitions),
        ],
        "/schedules": [
            "",
            "?limit=2&offset=1",
            *(f"?workflowId={one}" for one in definitions),
        ],
    }


def _own_queries_of_runs(
    definitions: Sequence[str], slugs: Sequence[str], periods: Sequence[str], runs: Sequence[str]
) -> Sequence[str]:
    statuses = ("pending", "running", "waiting", "completed", "failed", "paused", "cancelled")
    return [
        "",
        *(f"?status={one}&limit=3&offset={offset}" for one in statuses for offset in (0, 2)),
        *(f"?definitionId={one}" for one in definitions),
        *(f"?definition={one}&status=failed&status=completed" for one in slugs),
        *(f"?trigger={one}" for one in ("manual", "record", "rerun")),
        *periods,
        *(f"?q={one[:3]}" for one in runs[:4]),
        *(f"?waitsFor={cause}&limit=3" for cause in get_args(WaitsFor)),
        "?waitsFor=TIMER&status=waiting&status=paused&offset=1",
        "?handled=true",
        "?handled=false&limit=2&offset=1",
        *(f"?handled=false&definition={one}" for one in slugs),
        "?stuck=true",
        "?due=true&limit=4",
        "?due=true&trigger=manual",
        "?recordId=rec_1",
        "?limit=2&offset=4",
    ]
