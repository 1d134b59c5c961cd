"""A run without its data, as Baton's own API shows it in lists and at the head of a run."""

from collections.abc import Sequence
from functools import cache

from pydantic import BaseModel, Field
from pydantic.alias_generators import to_camel

from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.runs.allowed_actions import RunActions, render_actions
from baton.domain.actor import Actor
from baton.domain.definition.state import State as Definition
from baton.domain.definition.title import title_of
from baton.domain.json import JsonObject
from baton.domain.run.trigger import ByRecord, BySchedule, Trigger
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Pause, Status, WaitsFor
from baton.protocols.iso_time import format_time

STATUSES: tuple[Status, ...] = (
    "pending",
    "running",
    "waiting",
    "paused",
    "completed",
    "failed",
    "cancelled",
)


class RunFailure(BaseModel):
    """The reason of a failed run: a code in upper case, and the step at which it failed."""

    code: str
    message: str | None = None
    stepId: str | None = None  # noqa: N815 - the names of the JSON


class RunSummary(BaseModel):
    """A run without its data."""

    id: str
    definitionId: str  # noqa: N815 - the names of the JSON
    slug: str | None = None
    title: str | None = Field(
        default=None, description="The `title` of its definition with values of its input"
    )
    version: int
    status: Status
    trigger: dict[str, object]
    actor: dict[str, object]
    currentStepId: str | None = None  # noqa: N815
    waitsFor: WaitsFor | None = Field(  # noqa: N815
        default=None, description="What an open run waits for, as its explanation says it"
    )
    dueAt: str | None = Field(  # noqa: N815
        default=None, description="When the first of its delays and backoffs ends"
    )
    attempt: int | None = Field(
        default=None, description="Number of the newest attempt, or of that behind a backoff"
    )
    attempts: int = Field(default=0, description="The attempts that have started, of all steps")
    hasErrors: bool = False  # noqa: N815
    failure: RunFailure | None = None
    rerunId: str | None = Field(  # noqa: N815
        default=None, description="The newest run that runs this one again"
    )
    correlationId: str | None = None  # noqa: N815
    cancelReason: str | None = None  # noqa: N815
    actions: RunActions
    requestedAt: str  # noqa: N815
    startedAt: str | None = None  # noqa: N815
    completedAt: str | None = None  # noqa: N815


EXAMPLE: JsonObject = {
    "id": "d3c0u8h6gtk2q1v9m4tg",
    "definitionId": "d3c0u7p6gtk2q1v9m4s0",
    "slug": "order-processing",
    "version": 1,
    "status": "pending",
    "trigger": {"kind": "manual"},
    "actor": {"subject": "ada", "method": "token"},
    "waitsFor": "QUEUED",
    "attempts": 0,
    "actions": {
        "cancel": True,
        "pause": True,
        "resume": {"allowed": False, "why": "The run is not paused: it is pending"},
        "retry": {"allowed": False, "why": "There is nothing to retry in the run"},
    },
    "requestedAt": "2026-01-05T09:00:00.000Z",
}


async def render_runs(context: RequestContext, runs: Sequence[Run]) -> list[JsonObject]:
    """Return runs as `render_run` does, with their titles."""
    queries = context.services.definitions
    idents = {run.definition_id for run in runs}
    definitions = {ident: await queries.get(context.tenant, ident) for ident in idents}
    return [_render(run, definitions[run.definition_id]) for run in runs]


def _render(run: Run, definition: Definition | None) -> JsonObject:
    if definition is None:
        return render_run(run, None)
    body = definition.versions.get(run.definition_version)
    title = None if body is None else title_of(body.title, run.input)
    return render_run(run, definition.slug, title)


def render_run(run: Run, slug: str | None, title: str | None = None) -> JsonObject:
    """Return the run without the members that have no value; times are ISO-8601, UTC."""
    shown = {
        "id": run.id,
        "definitionId": run.definition_id,
        "slug": slug,
        "title": title,
        "version": run.definition_version,
        "status": run.status,
        "trigger": _trigger(run.trigger),
        "actor": render_actor(run.actor),
        "currentStepId": run.current_step_id,
        "waitsFor": run.waits_for,
        "dueAt": optional_time(run.due_at),
        "attempt": run.attempt,
        "attempts": run.attempts,
        "hasErrors": run.has_errors,
        "failure": _failure(run),
        "rerunId": run.rerun_id,
        "correlationId": run.correlation_id,
        "cancelReason": run.cancel_reason,
        "pause": None if run.pause is None else _pause(run.pause),
        "actions": render_actions(run),
        "requestedAt": format_time(run.requested_at),
        "startedAt": optional_time(run.started_at),
        "completedAt": optional_time(run.completed_at),
    }
    return without_none(shown)


def _trigger(trigger: Trigger) -> JsonObject:
    """Return the trigger with its `kind`, times as text, and no record id that no event had."""
    shown = {_camel(name): value for name, value in vars(trigger).items()}
    if isinstance(trigger, BySchedule):
        shown["nominalAt"] = format_time(trigger.nominal_at)
    if isinstance(trigger, ByRecord):
        shown["recordId"] = trigger.record_id or None
    return without_none(shown)


_camel = cache(to_camel)


def render_actor(actor: Actor) -> JsonObject:
    """Return the actor of a command, with the id of its API key or bulk if it has one."""
    return without_none({"subject": actor.subject, "method": actor.method, "keyId": actor.key_id})


def _pause(pause: Pause) -> JsonObject:
    return without_none({"at": format_time(pause.at), "by": pause.by, "reason": pause.reason})


def _failure(run: Run) -> JsonObject | None:
    if run.failure_code is None:
        return None
    return {
        "code": run.failure_code,
        "message": run.failure_message,
        "stepId": run.failed_step,
    }
