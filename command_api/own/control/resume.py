"""POST /runs/{runId}/resume, and the preview of its effect."""

from collections.abc import Mapping
from typing import Final, get_args

from pydantic import BaseModel

from baton.command_api.commands import Preview, preview_resume, resume_run
from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.query_parameters import choice
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.control.refusals import NOT_CHANGED
from baton.command_api.principal import READ, WRITE, Principal
from baton.command_api.services import Services
from baton.domain.json import JsonObject
from baton.domain.run.control.explain import shown_status
from baton.domain.run.control.pausing import HeldTimer
from baton.domain.run.hold import Timers
from baton.domain.run.messages import Event
from baton.domain.run.messages.step_events import StepFailed, StepSucceeded, StepTimedOut
from baton.domain.run.state import State as Run
from baton.eventlog.events.codec import topic_of
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.transact import CommandResult
from baton.protocols.iso_time import format_time

TIMERS: Final[tuple[Timers, ...]] = get_args(Timers)
_OUTCOMES: Final[Mapping[type, str]] = {
    StepSucceeded: "succeeded",
    StepFailed: "failed",
    StepTimedOut: "timed_out",
}


class ResumeBody(BaseModel):
    """The body of POST /runs/{runId}/resume.

    `timers` is the treatment of delays and backoffs: "fire" keeps their due times, "shift" adds the
    time of the pause, "skip" ends delays at once.
    """

    timers: Timers = "fire"


class HeldStep(BaseModel):
    """A delay or a backoff of a paused run. `will` is "fire" at once, or "wait" until `endsAt`."""

    stepId: str  # noqa: N815 - the names of the JSON
    kind: str
    dueAt: str  # noqa: N815
    overdueMs: int  # noqa: N815
    will: str
    endsAt: str  # noqa: N815


class Arrived(BaseModel):
    """An outcome that was recorded during the pause."""

    stepId: str  # noqa: N815
    visit: int
    attempt: int
    outcome: str
    position: int


class NextEvent(BaseModel):
    """An event that resuming the run would record."""

    event: str
    stepId: str | None = None  # noqa: N815
    visit: int | None = None
    attempt: int | None = None


class ResumePreview(BaseModel):
    """The effect of resuming a run now."""

    held: list[HeldStep]
    arrived: list[Arrived]
    next: list[NextEvent]


async def resume(
    services: Services, principal: Principal, run_id: str, body: ResumeBody, *, at: int
) -> CommandResult[Run]:
    """Resume a run as `body` says; raises as `resume_run` does."""
    return await resume_run(services, principal, run_id, at=at, timers=body.timers)


async def _resume(context: RequestContext) -> Reply:
    body = await context.parse(ResumeBody, required=False)
    run_id = context.params["runId"]
    outcome = await resume(context.services, context.principal, run_id, body, at=context.now())
    shown = {"id": run_id, "status": shown_status(outcome.state)}
    return context.reply(200, shown, position=outcome.position)


async def _preview(context: RequestContext) -> Reply:
    now = context.now()
    preview = await preview_resume(
        context.services,
        context.principal,
        context.params["runId"],
        at=now,
        timers=choice(context.query, "timers", TIMERS, "fire"),
    )
    return context.reply(200, _shown(preview, now))


def _shown(preview: Preview, now: int) -> JsonObject:
    return {
        "held": [_held(timer, now) for timer in preview.held],
        "arrived": [
            _arrived(stored) for stored in preview.arrived if type(stored.event) in _OUTCOMES
        ],
        "next": [_next(event) for event in preview.decided],
    }


def _held(timer: HeldTimer, now: int) -> JsonObject:
    return {
        "stepId": timer.step_id,
        "kind": timer.kind,
        "dueAt": format_time(timer.due_at),
        "overdueMs": max(0, now - timer.due_at),
        "will": "fire" if timer.ends_at <= now else "wait",
        "endsAt": format_time(timer.ends_at),
    }


def _arrived(recorded: Recorded) -> JsonObject:
    return {
        "stepId": recorded.event.step_id,
        "visit": recorded.event.visit,
        "attempt": recorded.event.attempt,
        "outcome": _OUTCOMES[type(recorded.event)],
        "position": recorded.position,
    }


def _next(event: Event) -> JsonObject:
    of_step = {
        "stepId": getattr(event, "step_id", None),
        "visit": getattr(event, "visit", None),
        "attempt": getattr(event, "attempt", None),
    }
    return {"event": topic_of(event), **without_none(of_step)}


_TIMERS_SCHEMA = {"type": "string", "enum": list(TIMERS), "default": "fire"}
_EXAMPLE: Final[JsonObject] = {
    "held": [
        {
            "stepId": "cool_down",
            "kind": "delay",
            "dueAt": "2026-01-05T09:00:00.000Z",
            "overdueMs": 61250,
            "will": "fire",
            "endsAt": "2026-01-05T09:00:00.000Z",
        }
    ],
    "arrived": [
        {
            "stepId": "charge",
            "visit": 1,
            "attempt": 1,
            "outcome": "succeeded",
            "position": 81240,
        }
    ],
    "next": [
        {"event": "run.RunResumed"},
        {"event": "run.DelayElapsed", "stepId": "cool_down", "visit": 1},
    ],
}

ROUTES = (
    Route(
        method="POST",
        path="/runs/{runId}/resume",
        handler=_resume,
        scope=WRITE,
        summary="Resume a paused run",
        operation_id="resumeRun",
        tag="Runs",
        request=ResumeBody,
        request_required=False,
        problems=NOT_CHANGED,
    ),
    Route(
        method="GET",
        path="/runs/{runId}/resume-preview",
        handler=_preview,
        scope=READ,
        summary="Show what resuming a paused run would do now",
        operation_id="previewResume",
        tag="Runs",
        response=ResumePreview,
        example=_EXAMPLE,
        query=(QueryParameter(name="timers", schema=_TIMERS_SCHEMA),),
        problems=NOT_CHANGED,
    ),
)
