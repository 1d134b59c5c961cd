"""Operations of the Centrali OpenAPI dialect. The OpenAPI document is Centrali's own."""

from baton.command_api.commands import test_decision
from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.load import load_definition
from baton.command_api.dialect.run_values import reply_with_run
from baton.command_api.dialect.start_run import start_by_hand
from baton.command_api.dialects.centrali import load, orchestrations, webhooks
from baton.command_api.dialects.centrali.openapi import responses
from baton.command_api.dialects.centrali.openapi.requests import (
    CreateOrchestration,
    TestDecision,
    TriggerRun,
    UpdateOrchestration,
)
from baton.command_api.dialects.centrali.render_decision import render_decision
from baton.command_api.dialects.centrali.render_run_steps import step_history
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ, WRITE
from baton.domain.json import JsonObject


async def _list(context: RequestContext) -> Reply:
    definitions, meta = await load.definitions_page(context)
    data = [responses.orchestration(definition) for definition in definitions]
    return context.reply(200, {"data": data, "meta": meta})


async def _create(context: RequestContext) -> Reply:
    body = await context.parse(CreateOrchestration)
    return await orchestrations.create(
        context, body.slug, body.body(), responses.orchestration, secrets=body.trigger.secrets
    )


async def _get(context: RequestContext) -> Reply:
    definition = await load_definition(context, context.params["id"])
    return context.reply(200, responses.orchestration(definition))


async def _update(context: RequestContext) -> Reply:
    body = await context.parse(UpdateOrchestration)
    return await orchestrations.update(
        context,
        context.params["id"],
        body.after,
        responses.orchestration,
        secrets=body.trigger.secrets,
    )


async def _delete(context: RequestContext) -> Reply:
    return await orchestrations.delete(context, context.params["id"])


async def _runs(context: RequestContext) -> Reply:
    runs, meta = await load.runs_page(context)
    data = [responses.run_in_list(run) for run in runs]
    return context.reply(200, {"data": data, "meta": meta})


async def _start(context: RequestContext) -> Reply:
    body = await context.parse(TriggerRun, required=False)
    definition = await load_definition(context, context.params["orchestrationId"])
    accepted = await start_by_hand(
        context, definition, run_input=body.input or {}, correlation_id=body.correlation_id
    )

    async def render(_inputs: int) -> JsonObject:
        return responses.run_with_outputs(accepted.run, ())

    return await reply_with_run(
        context, accepted.run, (), render, status=201, position=accepted.position
    )


async def _run(context: RequestContext) -> Reply:
    with_steps = load.wants_steps(context)
    run = await load.load_run(context)
    steps = await context.services.run_steps.of_run(context.tenant, run.id)

    async def render(inputs: int) -> JsonObject:
        shown = responses.run_with_outputs(run, steps)
        if with_steps:
            shown["steps"] = await step_history(context, run, steps, budget=inputs)
        return shown

    return await reply_with_run(context, run, steps, render)


async def _steps(context: RequestContext) -> Reply:
    run = await load.load_run(context)
    steps = await context.services.run_steps.of_run(context.tenant, run.id)

    async def render(inputs: int) -> JsonObject:
        return {"data": await step_history(context, run, steps, budget=inputs)}

    return await reply_with_run(context, run, steps, render)


async def _test_decision(context: RequestContext) -> Reply:
    definition = await load_definition(context, context.params["id"])
    body = await context.parse(TestDecision)
    result = test_decision(definition.body.graph, context.params["stepId"], body.test_data)
    return context.reply(200, render_decision(result))


_ONE = "/orchestrations/{id}"
_RUNS = "/orchestrations/{orchestrationId}/runs"
_RUN = f"{_RUNS}/{{runId}}"

ROUTES = (
    Route(
        method="GET",
        path="/orchestrations",
        handler=_list,
        scope=READ,
        as_of=True,
        summary="List orchestrations",
        operation_id="listOrchestrations",
    ),
    Route(
        method="POST",
        path="/orchestrations",
        handler=_create,
        scope=WRITE,
        summary="Create orchestration",
        operation_id="createOrchestration",
        status=201,
    ),
    Route(
        method="GET",
        path=_ONE,
        handler=_get,
        scope=READ,
        as_of=True,
        summary="Get orchestration",
        operation_id="getOrchestration",
    ),
    Route(
        method="PUT",
        path=_ONE,
        handler=_update,
        scope=WRITE,
        summary="Update orchestration",
        operation_id="updateOrchestration",
    ),
    Route(
        method="DELETE",
        path=_ONE,
        handler=_delete,
        scope=WRITE,
        summary="Delete orchestration",
        operation_id="deleteOrchestration",
        status=204,
    ),
    Route(
        method="GET",
        path=_RUNS,
        handler=_runs,
        scope=READ,
        as_of=True,
        summary="List runs",
        operation_id="listRuns",
    ),
    Route(
        method="POST",
        path=_RUNS,
        handler=_start,
        scope=WRITE,
        summary="Trigger run",
        operation_id="triggerRun",
        status=201,
    ),
    Route(
        method="GET",
        path=_RUN,
        handler=_run,
        scope=READ,
        as_of=True,
        summary="Get run",
        operation_id="getRun",
    ),
    Route(
        method="GET",
        path=f"{_RUN}/steps",
        handler=_steps,
        scope=READ,
        as_of=True,
        summary="Get run steps",
        operation_id="getRunSteps",
    ),
    Route(
        method="POST",
        path=f"{_ONE}/steps/{{stepId}}/test-decision",
        handler=_test_decision,
        scope=READ,
        summary="Test decision step",
        operation_id="testDecision",
        idempotent=False,
    ),
    *webhooks.ROUTES,
)
