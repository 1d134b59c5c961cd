"""GET /runs/{runId}/explain: why a run doesn't continue, and which event moves it next."""

from typing import Final

from pydantic import BaseModel

from baton.command_api.commands import ExplainedRun, explain_run, explain_run_as_of
from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.http.query_parameters import AS_OF
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ
from baton.domain.json import JsonObject
from baton.domain.run.control.explanation import NextEvent, Reason


class ShownReason(BaseModel):
    """Why a step, or without `stepId` the run, doesn't continue yet; `code` may have new values."""

    code: str
    text: str
    state: str
    stepId: str | None = None  # noqa: N815 - the names of the JSON
    since: str | None = None
    dueAt: str | None = None  # noqa: N815
    executor: str | None = None
    heartbeatAt: str | None = None  # noqa: N815


class ShownEvent(BaseModel):
    """An event that moves the run, at `dueAt` if it has one."""

    event: str
    stepId: str | None = None  # noqa: N815
    dueAt: str | None = None  # noqa: N815


class RunExplanation(BaseModel):
    """Why a run doesn't continue; `stuck` is true only for a defect of Baton."""

    status: str
    because: list[ShownReason]
    next: list[ShownEvent]
    stuck: bool
    suggestions: list[str]


async def _explain(context: RequestContext) -> Reply:
    run_id = context.params["runId"]
    explained = explain_run_as_of if AS_OF in context.query else explain_run
    explanation = await explained(context.services, context.tenant, run_id)
    return context.reply(200, _shown(explanation, run_id))


def _shown(explained_run: ExplainedRun, run_id: str) -> JsonObject:
    explanation = explained_run.explanation
    return {
        "status": explanation.status,
        "because": [_reason(reason) for reason in explanation.because],
        "next": [_next(event) for event in explanation.next],
        "stuck": explanation.stuck,
        "suggestions": [
            suggestion.replace("{id}", run_id) for suggestion in explained_run.suggestions
        ],
    }


def _reason(reason: Reason) -> JsonObject:
    error = reason.last_error
    return without_none(
        {
            "stepId": reason.step_id,
            "state": reason.state,
            "since": optional_time(reason.since),
            "code": reason.code,
            "text": reason.text,
            "dueAt": optional_time(reason.due_at),
            "attempt": reason.attempt,
            "of": reason.of,
            "function": reason.function,
            "executor": reason.executor,
            "heartbeatAt": optional_time(reason.heartbeat_at),
            "needs": list(reason.needs) or None,
            "lastError": None if error is None else {"code": error.code, "message": error.message},
        }
    )


def _next(event: NextEvent) -> JsonObject:
    return without_none(
        {
            "event": f"run.{event.event}",
            "stepId": event.step_id,
            "dueAt": optional_time(event.due_at),
        }
    )


_EXAMPLE: Final[JsonObject] = {
    "status": "waiting",
    "because": [
        {
            "stepId": "cool_down",
            "state": "delayed",
            "since": "2026-01-05T09:00:00.000Z",
            "code": "TIMER",
            "text": "It waits in a delay",
            "dueAt": "2026-01-05T10:00:00.000Z",
        }
    ],
    "next": [
        {
            "event": "run.DelayElapsed",
            "stepId": "cool_down",
            "dueAt": "2026-01-05T10:00:00.000Z",
        }
    ],
    "stuck": False,
    "suggestions": [],
}

ROUTES = (
    Route(
        method="GET",
        path="/runs/{runId}/explain",
        handler=_explain,
        scope=READ,
        as_of=True,
        summary="Explain why a run is where it is, and what moves it next",
        operation_id="explainRun",
        tag="Runs",
        response=RunExplanation,
        example=_EXAMPLE,
        problems={403: "The token lacks the scope", 404: "The tenant has no such run"},
    ),
)
