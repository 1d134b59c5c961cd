"""POST /runs: starts a run of a definition, found by its slug or its id."""

from collections.abc import Mapping
from typing import Final

from pydantic import ConfigDict, Field

from baton.command_api.dialect.bodies import Model
from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.start_run import start_by_hand
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.format.findings import NOT_YET
from baton.command_api.own.definitions.load import body_of, load_by_reference
from baton.command_api.own.runs.render_run import EXAMPLE, RunSummary, render_runs
from baton.command_api.principal import WRITE
from baton.domain.errors import Fault
from baton.domain.json import Json

_RESERVED: Final = ("key", "startAt", "startIn", "priority", "labels", "signal")
"""Members of later versions."""


class StartBody(Model):
    """The body of POST /runs; without `version`, the run starts in the version in force."""

    definition: str = Field(min_length=1, max_length=64, description="Its slug or its id")
    version: int | None = Field(default=None, ge=1)
    input: Json = None
    correlation_id: str | None = Field(default=None, min_length=1, max_length=200)

    model_config = ConfigDict(extra="allow")  # so that reserved words can be refused


async def _start(context: RequestContext) -> Reply:
    body = await context.parse(StartBody)
    _refuse_reserved(body.model_extra or {})
    definition = await load_by_reference(context, body.definition)
    if body.version is not None:
        body_of(definition, body.version)
    accepted = await start_by_hand(
        context,
        definition,
        run_input={} if body.input is None else body.input,
        correlation_id=body.correlation_id,
        version=body.version,
    )
    (shown,) = await render_runs(context, [accepted.run])
    return context.reply(201, shown, position=accepted.position)


def _refuse_reserved(unknown: Mapping[str, object]) -> None:
    faults = tuple(Fault((name,), NOT_YET) for name in _RESERVED if name in unknown)
    if faults:
        raise Refused("validation_error", "Invalid request body", faults=faults)


ROUTES = (
    Route(
        method="POST",
        path="/runs",
        handler=_start,
        scope=WRITE,
        summary="Start a run of a definition",
        operation_id="startRun",
        tag="Runs",
        request=StartBody,
        request_example={"definition": "order-processing", "input": {"orderId": "1001"}},
        response=RunSummary,
        example=EXAMPLE,
        status=201,
        problems={
            400: "Invalid request body",
            403: "The token lacks the scope",
            404: "The tenant has no such definition, or the definition no such version",
            409: "The definition isn't active, or the version is disabled",
            429: "The tenant has too many unfinished runs",
        },
    ),
)
