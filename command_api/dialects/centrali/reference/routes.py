"""Operations of the Centrali reference dialect; they also make its OpenAPI document."""

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.load import load_definition
from baton.command_api.dialect.run_values import reply_with_run
from baton.command_api.dialect.start_run import start_by_hand
from baton.command_api.dialects.centrali import load, orchestrations, webhooks
from baton.command_api.dialects.centrali.reference import documents, responses
from baton.command_api.dialects.centrali.reference.requests import (
    CreateOrchestration,
    TriggerRun,
    UpdateOrchestration,
)
from baton.command_api.dialects.centrali.render_run_steps import step_history
from baton.command_api.dialects.centrali.render_runs import STATUSES
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ, WRITE
from baton.domain.json import JsonObject


async def _list(context: RequestContext) -> Reply:
    definitions, meta = await load.definitions_page(context)
    data = [responses.orchestration_in_list(definition) for definition in definitions]
    return context.reply(200, {"data": data, "meta": meta})


async def _create(context: RequestContext) -> Reply:
    body = await context.parse(CreateOrchestration)
    return await orchestrations.create(
        context, body.slug, body.body(), responses.orchestration, secrets=body.trigger.secrets
    )


async def _get(context: RequestContext) -> Reply:
    definition = await load_definition(context, context.params["orchestrationId"])
    return context.reply(200, responses.orchestration(definition))


async def _update(context: RequestContext) -> Reply:
    body = await context.parse(UpdateOrchestration)
    return await orchestrations.update(
        context,
        context.params["orchestrationId"],
        body.after,
        responses.orchestration,
        secrets=body.trigger.secrets,
    )


async def _delete(context: RequestContext) -> Reply:
    return await orchestrations.delete(context, context.params["orchestrationId"])


async def _runs(context: RequestContext) -> Reply:
    runs, meta = await load.runs_page(context)
    data = [responses.run_in_list(run) for run in runs]
    return context.reply(200, {"data": data, "meta": meta})


async def _run(context: RequestContext) -> Reply:
    with_steps = load.wants_steps(context)
    run = await load.load_run(context)
    steps = await context.services.run_steps.of_run(context.tenant, run.id)

    async def render(inputs: int) -> JsonObject:
        shown = responses.run_with_data(run, steps)
        if with_steps:
            shown["steps"] = await step_history(context, run, steps, budget=inputs)
        return shown

    return await reply_with_run(context, run, steps, render)


async def _trigger(context: RequestContext) -> Reply:
    body = await context.parse(TriggerRun, required=False)
    definition = await load_definition(context, context.params["orchestrationId"])
    accepted = await start_by_hand(
        context, definition, run_input=body.input or {}, correlation_id=body.correlation_id
    )
    return context.reply(201, responses.requested_run(accepted.run), position=accepted.position)


_ALL = "/orchestrations"
_ONE = f"{_ALL}/{{orchestrationId}}"
_RUNS = f"{_ONE}/runs"
_TAGS = ("Orchestrations", "Runs")

_DENIED = {403: "The token belongs to another workspace or lacks the scope"}
_ABSENT = {**_DENIED, 404: "Not found"}
_REFUSED = {
    **_DENIED,
    400: "Invalid request body",
    409: "Conflict",
    413: "The body is too large",
    415: "The body isn't JSON",
}
_KEYED = {422: "The Idempotency-Key belongs to another request"}

_PAGE = (
    QueryParameter(name="page", schema={"type": "integer", "default": 1, "minimum": 1}),
    QueryParameter(
        name="pageSize",
        schema={"type": "integer", "default": 20, "minimum": 1, "maximum": 100},
    ),
)
_SORTED = (
    *_PAGE,
    QueryParameter(
        name="sort",
        schema={"type": "string", "default": "createdAt", "enum": list(load.SORT_FIELDS)},
    ),
    QueryParameter(
        name="order", schema={"type": "string", "default": "desc", "enum": ["asc", "desc"]}
    ),
)
_STATUS = QueryParameter(
    name="status",
    schema={"type": "string", "enum": list(STATUSES)},
    description="Filter by status",
)
_INCLUDE = QueryParameter(
    name="include",
    schema={"type": "string", "enum": ["steps"]},
    description="Include step history",
)

_DEFINITIONS = (
    Route(
        method="GET",
        path=_ALL,
        handler=_list,
        scope=READ,
        as_of=True,
        summary="List Orchestrations",
        operation_id="listOrchestrations",
        tag=_TAGS[0],
        response=documents.Orchestrations,
        query=_SORTED,
        problems={400: "Invalid parameter", **_DENIED},
    ),
    Route(
        method="POST",
        path=_ALL,
        handler=_create,
        scope=WRITE,
        summary="Create Orchestration",
        operation_id="createOrchestration",
        tag=_TAGS[0],
        request=CreateOrchestration,
        response=documents.Orchestration,
        status=201,
        problems={**_REFUSED, **_KEYED},
    ),
    Route(
        method="GET",
        path=_ONE,
        handler=_get,
        scope=READ,
        as_of=True,
        summary="Get Orchestration",
        operation_id="getOrchestration",
        tag=_TAGS[0],
        response=documents.Orchestration,
        problems=_ABSENT,
    ),
    Route(
        method="PUT",
        path=_ONE,
        handler=_update,
        scope=WRITE,
        summary="Update Orchestration",
        operation_id="updateOrchestration",
        tag=_TAGS[0],
        request=UpdateOrchestration,
        response=documents.Orchestration,
        problems={**_REFUSED, **_ABSENT},
    ),
    Route(
        method="DELETE",
        path=_ONE,
        handler=_delete,
        scope=WRITE,
        summary="Delete Orchestration",
        operation_id="deleteOrchestration",
        tag=_TAGS[0],
        status=204,
        problems=_ABSENT,
    ),
)
_OF_RUNS = (
    Route(
        method="GET",
        path=_RUNS,
        handler=_runs,
        scope=READ,
        as_of=True,
        summary="List Runs",
        operation_id="listRuns",
        tag=_TAGS[1],
        response=documents.Runs,
        query=(*_PAGE, _STATUS),
        problems={400: "Invalid parameter", **_ABSENT},
    ),
    Route(
        method="GET",
        path=f"{_RUNS}/{{runId}}",
        handler=_run,
        scope=READ,
        as_of=True,
        summary="Get Run Details",
        operation_id="getRun",
        tag=_TAGS[1],
        response=documents.Run,
        query=(_INCLUDE,),
        problems={400: "Invalid parameter", **_ABSENT},
    ),
    Route(
        method="POST",
        path=f"{_ONE}/trigger",
        handler=_trigger,
        scope=WRITE,
        summary="Trigger Run",
        operation_id="triggerRun",
        tag=_TAGS[1],
        request=TriggerRun,
        request_required=False,
        response=documents.RunTriggered,
        status=201,
        problems={**_REFUSED, **_ABSENT, **_KEYED},
    ),
)

ROUTES = (*_DEFINITIONS, *_OF_RUNS, *webhooks.ROUTES)
