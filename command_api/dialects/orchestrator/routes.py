"""Operations of the dialect; they also make its OpenAPI document."""

from typing import Final

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialects.orchestrator import (
    admin,
    dags,
    documents,
    examples,
    runs,
    steps,
    stream,
)
from baton.command_api.dialects.orchestrator.dag_bodies import PublishDag
from baton.command_api.dialects.orchestrator.render_runs import STATUSES
from baton.command_api.dialects.orchestrator.traces import traced
from baton.command_api.http.artifact import ANY_JSON, show_artifact
from baton.command_api.principal import ADMIN, READ, WRITE

_DENIED: Final = {
    400: "X-Stella-Tenant is missing, or a parameter is invalid",
    403: "The token is another tenant's, or lacks the scope",
}
_ABSENT: Final = {**_DENIED, 404: "The tenant has nothing with this name"}
_CHANGED: Final = {
    **_ABSENT,
    400: "X-Stella-Tenant or Idempotency-Key is missing, or the body is invalid",
    409: "Conflict",
    413: "The body is too large",
    415: "The body isn't JSON",
    422: "The Idempotency-Key or the runToken belongs to another request",
}
_PAGE: Final = (
    QueryParameter(
        name="page_size",
        schema={"type": "integer", "default": 50, "minimum": 1, "maximum": dags.MAX_PAGE},
    ),
    QueryParameter(
        name="page_token",
        schema={"type": "string"},
        description="The nextPageToken of the page before, with the same filters",
    ),
)
_DAG_ID: Final = QueryParameter(name="dagId", schema={"type": "string"})
_EXPORT: Final = ". With `Accept: application/x-ndjson` the whole list, one item a line"
_DAG: Final = "/dags/{dagId}/{version}"
_RUN: Final = "/runs/{runId}"

_DAGS: Final = (
    Route(
        method="POST",
        path="/dags",
        handler=dags.publish,
        scope=ADMIN,
        summary="Publish a version of a DAG; 200 if it is published already",
        operation_id="publishDag",
        tag="Dags",
        request=PublishDag,
        request_example=examples.PUBLISH,
        response=documents.Dag,
        example=examples.DAG,
        status=201,
        other_statuses=(200,),
        problems=_CHANGED,
    ),
    Route(
        method="GET",
        path="/dags",
        handler=dags.list_all,
        scope=READ,
        as_of=True,
        summary=f"List versions by dagId, the highest version of each first{_EXPORT}",
        operation_id="listDags",
        tag="Dags",
        response=documents.Dags,
        exported=documents.Dag,
        query=(
            _DAG_ID,
            QueryParameter(name="active", schema={"type": "string", "enum": ["true", "false"]}),
            *_PAGE,
        ),
        problems=_DENIED,
    ),
    Route(
        method="GET",
        path=_DAG,
        handler=dags.show,
        scope=READ,
        as_of=True,
        summary="Get a version of a DAG",
        operation_id="getDag",
        tag="Dags",
        response=documents.Dag,
        example=examples.DAG,
        problems=_ABSENT,
    ),
    Route(
        method="POST",
        path=f"{_DAG}:disable",
        handler=dags.disable,
        scope=ADMIN,
        summary="Disable a version, which starts no further run",
        operation_id="disableDag",
        tag="Dags",
        response=documents.Dag,
        problems=_CHANGED,
    ),
)
_RUNS: Final = (
    Route(
        method="POST",
        path="/runs",
        handler=runs.start,
        scope=WRITE,
        summary="Start a run of the highest active version, or of a given one",
        operation_id="startRun",
        tag="Runs",
        request=runs.StartRun,
        request_example=examples.START,
        response=documents.StartedRun,
        example=examples.STARTED,
        status=201,
        problems=_CHANGED,
        key_member=runs.RUN_TOKEN,
    ),
    Route(
        method="GET",
        path="/runs",
        handler=runs.list_all,
        scope=READ,
        as_of=True,
        summary=f"List runs, the newest first{_EXPORT}",
        operation_id="listRuns",
        tag="Runs",
        response=documents.Runs,
        exported=documents.RunListed,
        query=(
            _DAG_ID,
            QueryParameter(name="status", schema={"type": "string", "enum": list(STATUSES)}),
            QueryParameter(
                name="from",
                schema={"type": "string", "format": "date-time"},
                description="The earliest startedUtc",
            ),
            QueryParameter(
                name="to",
                schema={"type": "string", "format": "date-time"},
                description="The first startedUtc that is too late",
            ),
            *_PAGE,
        ),
        problems=_DENIED,
    ),
    Route(
        method="GET",
        path="/runs/stream",
        handler=stream.stream,
        scope=READ,
        summary="Stream the events of runs as they happen",
        operation_id="streamRuns",
        tag="Runs",
        response=documents.RunEvent,
        example=examples.EVENT,
        live=True,
        query=(
            _DAG_ID,
            QueryParameter(
                name="status",
                schema={
                    "type": "array",
                    "items": {"type": "string", "enum": list(stream.STATUSES)},
                },
                description="Values of the events' `status`",
            ),
            QueryParameter(
                name="after",
                schema={"type": "integer", "minimum": 0},
                description="Position to resume behind; without it the stream begins now",
            ),
        ),
        problems={
            **_DENIED,
            429: "Too many streams of the tenant",
            503: "The views can't be read now, or the server stops",
        },
    ),
    Route(
        method="GET",
        path=_RUN,
        handler=runs.show,
        scope=READ,
        as_of=True,
        summary="Get a run with the states and hashes of its steps",
        operation_id="getRun",
        tag="Runs",
        response=documents.Run,
        example=examples.RUN,
        problems=_ABSENT,
    ),
    Route(
        method="POST",
        path=f"{_RUN}:cancel",
        handler=runs.cancel,
        scope=WRITE,
        summary="Cancel a run; no effect on one that has ended",
        operation_id="cancelRun",
        tag="Runs",
        request=runs.CancelRun,
        request_required=False,
        response=documents.RunCancelled,
        status=202,
        problems=_CHANGED,
    ),
    Route(
        method="GET",
        path=f"{_RUN}/steps",
        handler=steps.list_all,
        scope=READ,
        as_of=True,
        summary=f"List the steps of a run in the order of its DAG{_EXPORT}",
        operation_id="listSteps",
        tag="Steps",
        response=documents.StepExecutions,
        exported=documents.StepExecution,
        query=_PAGE,
        problems=_ABSENT,
    ),
    Route(
        method="GET",
        path=f"{_RUN}/steps/{{stepId}}",
        handler=steps.show,
        scope=READ,
        as_of=True,
        summary="Get a step with its attempts and its outputs",
        operation_id="getStep",
        tag="Steps",
        response=documents.StepDetail,
        problems=_ABSENT,
    ),
    Route(
        method="GET",
        path="/artifacts/{hash}",
        handler=show_artifact,
        scope=READ,
        summary="Get the value of an artifact by the SHA-256 of its canonical JSON (RFC 8785)",
        operation_id="getArtifact",
        tag="Artifacts",
        content=ANY_JSON,
        problems={**_ABSENT, 500: "The stored value is damaged"},
    ),
)
_ADMIN: Final = (
    Route(
        method="POST",
        path="/admin/warm",
        handler=admin.warm,
        scope=ADMIN,
        summary="Load the tenant's DAGs into this server's caches",
        operation_id="warm",
        tag="Admin",
        response=documents.Warmed,
        idempotent=False,
        problems=_DENIED,
    ),
    Route(
        method="GET",
        path="/admin/health",
        handler=admin.health,
        scope=READ,
        summary="Liveness and readiness of this server, and the tenant's queue depth",
        operation_id="getHealth",
        tag="Admin",
        response=documents.Health,
        other_statuses=(503,),
        problems=_DENIED,
    ),
    Route(
        method="GET",
        path="/admin/metrics",
        handler=admin.metrics,
        scope=ADMIN,
        summary="Metrics of this server in Prometheus' text format",
        operation_id="getMetrics",
        tag="Admin",
        content={"text/plain": {"type": "string"}},
        problems=_DENIED,
    ),
)

ROUTES = tuple(traced(route) for route in (*_DAGS, *_RUNS, *_ADMIN))
