"""POST /runs/{runId}/rerun: runs a run again, from its start, its failure or any step."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from baton.command_api.commands import Planned, Rerun, Version, plan, start_rerun
from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.control.refusals import NOT_CHANGED
from baton.command_api.principal import WRITE
from baton.domain.json import JsonObject
from baton.domain.run.control.rerun_plan import CannotBranch, RerunStart

_MAX_OUTPUTS: Final = 1_000
_STARTS: Final = ("start", "failed")
_Step = Annotated[str, Field(min_length=1, max_length=64)]


class RerunBody(BaseModel):
    """The body of POST /runs/{runId}/rerun.

    `from` is `start`, `failed` or the id of a step, `visit` a visit of it (the newest by default).
    `version` is `pinned` (that of the run), `latest`, or a number. The patches are merge patches
    (RFC 7396). `outputs` are outputs of steps that the rerun takes over. With `dryRun` nothing is
    started.
    """

    from_: _Step = Field(default="start", alias="from")
    visit: int | None = Field(default=None, ge=1, le=1_000_000)
    version: Annotated[int, Field(ge=1, le=1_000_000)] | Literal["pinned", "latest"] = "pinned"
    inputPatch: JsonObject | None = None  # noqa: N815 - the names of the JSON
    contextPatch: JsonObject | None = None  # noqa: N815
    outputs: JsonObject = Field(default_factory=dict, max_length=_MAX_OUTPUTS)
    reason: str | None = Field(default=None, min_length=1, max_length=200)
    dryRun: bool = False  # noqa: N815

    def to_rerun(self) -> Rerun:
        """Return the request in the words of the application."""
        version: Version = self.version
        return Rerun(
            start=self._start(),
            version=version,
            input_patch=self.inputPatch,
            context_patch=self.contextPatch,
            reason=self.reason,
        )

    def _start(self) -> RerunStart:
        if self.from_ in _STARTS:
            at: Literal["start", "failed"] = "start" if self.from_ == "start" else "failed"
            return RerunStart(at=at, outputs=self.outputs)
        return RerunStart(at="step", step_id=self.from_, visit=self.visit, outputs=self.outputs)


def require_step(body: RerunBody, *place: str) -> None:
    """Raise Refused 400 for a visit without a step; `place` is that of the body."""
    if body.visit is not None and body.from_ in _STARTS:
        message = "needs the id of a step in from"
        raise refused_field(message, *place, "visit")


class RerunStarted(BaseModel):
    """The rerun: its id (none after a dry run), what it takes over, and what it runs."""

    id: str | None = None
    rerunOf: str  # noqa: N815
    copied: list[str]
    willRun: list[str]  # noqa: N815
    warnings: list[str]


async def _rerun(context: RequestContext) -> Reply:
    body = await context.parse(RerunBody, required=False)
    require_step(body)
    run_id = context.params["runId"]
    try:
        planned = await plan(
            context.services,
            context.principal,
            run_id,
            body.to_rerun(),
            at=context.now(),
            new_run_id=context.new_id(),
            caller=context.services.installation.caller_of(context.traceparent, "rerun"),
        )
    except CannotBranch as refused:
        raise Refused(
            "validation_error", refused.message, faults=refused.faults, status=422
        ) from None
    shown = _shown(planned, run_id)
    if body.dryRun:
        return context.reply(200, shown)
    position = await start_rerun(context.services, planned)
    return context.reply(201, {"id": planned.command.run_id, **shown}, position=position)


def _shown(planned: Planned, run_id: str) -> JsonObject:
    branch_plan = planned.plan
    warnings = [
        f"Step '{step}' has run before: its function is called again, with a new idempotency key"
        for step in branch_plan.again
    ]
    return without_none(
        {
            "rerunOf": run_id,
            "copied": [step.step_id for step in branch_plan.copied],
            "willRun": list(branch_plan.will_run),
            "warnings": warnings,
        }
    )


_EXAMPLE: Final[JsonObject] = {
    "id": "d3c0uk1e6tk2q1v9m5f0",
    "rerunOf": "d3c0u8h6gtk2q1v9m4tg",
    "copied": ["validate"],
    "willRun": ["charge", "ship"],
    "warnings": [],
}

ROUTES = (
    Route(
        method="POST",
        path="/runs/{runId}/rerun",
        handler=_rerun,
        scope=WRITE,
        summary="Run a run again, from its start, its failure or any step",
        operation_id="rerunRun",
        tag="Runs",
        request=RerunBody,
        request_required=False,
        response=RerunStarted,
        example=_EXAMPLE,
        status=201,
        other_statuses=(200,),
        problems={
            **NOT_CHANGED,
            422: "The run or the version lacks what a rerun from this step needs",
        },
    ),
)
