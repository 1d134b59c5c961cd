"""Renders runs and their steps.

`startedUtc` is the time at which the run was requested, which never changes: so neither does the
order of the list. A step is shown once, however many attempts and visits it had: with the status of
the newest, and every attempt counted. A step that never started is `queued` while the run goes on,
`cancelled` in a cancelled run, and `skipped` in any other.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.dialect.run_values import in_list
from baton.command_api.dialects.orchestrator.dags_of_runs import Dag
from baton.command_api.dialects.orchestrator.render_dags import render_step
from baton.command_api.dialects.orchestrator.traces import trace_id
from baton.domain.artifact import Artifact
from baton.domain.definition.graph import Graph
from baton.domain.json import Json, JsonObject
from baton.domain.run.outcome import Error
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status, is_final
from baton.protocols.canonical_json import canonical, digest
from baton.protocols.iso_time import format_time

RunStatus: TypeAlias = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]

STATUSES: Final[Mapping[RunStatus, tuple[Status, ...]]] = {
    "queued": ("pending",),
    "running": ("running",),
    "waiting": ("waiting", "paused"),
    "succeeded": ("completed",),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}
"""The core's statuses for each word of this dialect."""
STATUS_WORDS: Final[Mapping[object, RunStatus]] = {
    status: word for word, statuses in STATUSES.items() for status in statuses
}
"""The word of this dialect for each of the core's statuses."""

Hashes: TypeAlias = Mapping[str, str]
"""Hashes of outputs by the execution id of the attempt."""


def render_run(run: Run, dag: Dag) -> JsonObject:
    """Return a run without its steps and its inputs."""
    return {
        "runId": run.id,
        "dagId": dag.dag_id,
        "version": dag.version,
        "status": STATUS_WORDS[run.status],
        "startedUtc": format_time(run.requested_at),
        "completedUtc": optional_time(run.completed_at),
        "traceId": trace_id(run.id, run.traceparent),
        "definitionHash": dag.definition_hash,
        **({} if run.failure_code is None else {"error": _failure(run)}),
    }


def render_run_in_list(run: Run, dag: Dag) -> JsonObject:
    """Return a run as lists show it: without its steps, with inputs of at most 4 KiB."""
    return {**render_run(run, dag), "inputs": in_list(run.input)}


def output_hashes(steps: Sequence[Step]) -> Hashes:
    """Return the SHA-256 of the canonical JSON of each output; a large one has it already."""
    return {
        step.execution_id: _hash(step.output)
        for step in steps
        if step.kind == "compute" and step.status == "succeeded"
    }


def render_steps(run: Run, graph: Graph, steps: Sequence[Step], hashes: Hashes) -> list[JsonObject]:
    """Return every step of the graph, in its order, as a run shows it."""
    of_step = _by_step(steps)
    return [_summary(run, step.id, of_step.get(step.id, ()), hashes) for step in graph.steps]


def render_executions(
    run: Run, graph: Graph, steps: Sequence[Step], hashes: Hashes
) -> list[JsonObject]:
    """Return every step of the graph, in its order, as the list of steps shows it."""
    of_step = _by_step(steps)
    return [
        _execution(run, graph, step.id, of_step.get(step.id, ()), hashes) for step in graph.steps
    ]


def render_detail(
    run: Run, graph: Graph, step_id: str, records: Sequence[Step], hashes: Hashes
) -> JsonObject:
    """Return one step with its attempts, and with its outputs once it has succeeded.

    `logsRef` of the step is that of the newest attempt that logged anything.
    """
    shown = _execution(run, graph, step_id, records, hashes)
    shown["attempts"] = [_attempt(record, hashes) for record in records]
    shown["logsRef"] = next(
        (ref for record in reversed(records) if (ref := _logs_ref(record))), None
    )
    if records and shown["outputsHash"] is not None:
        shown["outputs"] = records[-1].output
    return shown


def _by_step(steps: Sequence[Step]) -> dict[str, list[Step]]:
    by_step: dict[str, list[Step]] = {}
    for step in steps:
        by_step.setdefault(step.step_id, []).append(step)
    return by_step


def _summary(run: Run, step_id: str, records: Sequence[Step], hashes: Hashes) -> JsonObject:
    return {
        "stepId": step_id,
        "status": records[-1].status if records else _unstarted(run),
        "outputsHash": hashes.get(records[-1].execution_id) if records else None,
        "attempts": sum(record.status != "skipped" for record in records),
    }


def _execution(
    run: Run, graph: Graph, step_id: str, records: Sequence[Step], hashes: Hashes
) -> JsonObject:
    shown = _summary(run, step_id, records, hashes)
    shown["uses"] = render_step(graph.by_id[step_id])["uses"]
    shown["startedUtc"] = optional_time(records[0].started_at if records else None)
    shown["completedUtc"] = optional_time(records[-1].completed_at if records else None)
    error = records[-1].error if records else None
    if error is not None:
        shown["error"] = _error(error)
    return shown


def _attempt(record: Step, hashes: Hashes) -> JsonObject:
    shown: JsonObject = {
        "attempt": record.attempt,
        "visit": record.visit,
        "status": record.status,
        "startedUtc": optional_time(record.started_at),
        "completedUtc": optional_time(record.completed_at),
        "outputsHash": hashes.get(record.execution_id),
    }
    more = {
        "dueUtc": optional_time(record.resume_at),
        "logsRef": _logs_ref(record),
        "error": None if record.error is None else _error(record.error),
        "warning": record.warning,
    }
    return {**shown, **without_none(more)}


def _unstarted(run: Run) -> str:
    if not is_final(run):
        return "queued"
    return "cancelled" if run.status == "cancelled" else "skipped"


def _failure(run: Run) -> JsonObject:
    shown = {"code": run.failure_code, "message": run.failure_message, "stepId": run.failed_step}
    return without_none(shown)


def _error(error: Error) -> JsonObject:
    return without_none({"code": error.code, "message": error.message, "stack": error.stack})


def _logs_ref(record: Step) -> str | None:
    """Return the hash of the artifact with the log lines of an attempt."""
    return record.logs.sha256 if isinstance(record.logs, Artifact) else None


def _hash(output: Json) -> str:
    return output.sha256 if isinstance(output, Artifact) else digest(canonical(output))
