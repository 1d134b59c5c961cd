"""Operations of the Centrali OpenAPI dialect. The OpenAPI document is Centrali's own."""

from baton.command_api.commands import test_decision
from baton.command_api.dialect.contract import Route
from baton.command_api.dialects.centrali import load as lookups
from baton.command_api.dialects.centrali import orchestrations, webhooks
from baton.command_api.dialects.centrali import start_run as starting
from baton.command_api.dialects.centrali.decision_results import shown_decision
from baton.command_api.dialects.centrali.openapi import responses
from baton.command_api.dialects.centrali.openapi.requests import (
    CreateOrchestration,
    TestDecision,
    TriggerRun,
    UpdateOrchestration,
)
from baton.command_api.dialects.centrali.run_steps import step_history
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import Exchange
from baton.command_api.principal import READ, WRITE


async def _list(exchange: Exchange) -> Reply:
    found, meta = await lookups.definitions_page(exchange)
    data = [responses.orchestration(one) for one in found]
    return exchange.answer(200, {"data": data, "meta": meta})


async def _create(exchange: Exchange) -> Reply:
    named = await exchange.parse(CreateOrchestration)
    return await orchestrations.create(
        exchange, named.slug, named.body(), responses.orchestration, secret=named.trigger.secret
    )


async def _get(exchange: Exchange) -> Reply:
    found = await lookups.definition_of(exchange, exchange.params["id"])
    return exchange.answer(200, responses.orchestration(found))


async def _update(exchange: Exchange) -> Reply:
    named = await exchange.parse(UpdateOrchestration)
    return await orchestrations.update(
        exchange,
        exchange.params["id"],
        named.after,
        responses.orchestration,
        secret=named.secret,
    )


async def _delete(exchange: Exchange) -> Reply:
    return await orchestrations.delete(exchange, exchange.params["id"])


async def _runs(exchange: Exchange) -> Reply:
    found, meta = await lookups.runs_page(exchange)
    data = [responses.run_in_list(run) for run in found]
    return exchange.answer(200, {"data": data, "meta": meta})


async def _start(exchange: Exchange) -> Reply:
    named = await exchange.parse(TriggerRun, required=False)
    run, position = await starting.start_by_hand(
        exchange, run_input=named.input, correlation_id=named.correlation_id
    )
    return exchange.answer(201, responses.run_with_outputs(run, ()), position=position)


async def _run(exchange: Exchange) -> Reply:
    with_steps = lookups.wants_steps(exchange)
    run = await lookups.run_of(exchange)
    steps = await exchange.services.views.run_steps(exchange.tenant, run.id)
    shown = responses.run_with_outputs(run, steps)
    if with_steps:
        shown["steps"] = await step_history(exchange, run, steps)
    return exchange.answer(200, shown)


async def _steps(exchange: Exchange) -> Reply:
    run = await lookups.run_of(exchange)
    steps = await exchange.services.views.run_steps(exchange.tenant, run.id)
    return exchange.answer(200, {"data": await step_history(exchange, run, steps)})


async def _test_decision(exchange: Exchange) -> Reply:
    definition = await lookups.definition_of(exchange, exchange.params["id"])
    named = await exchange.parse(TestDecision)
    result = test_decision(definition, exchange.params["stepId"], named.test_data)
    return exchange.answer(200, shown_decision(result))


_ONE = "/orchestrations/{id}"
_RUNS = "/orchestrations/{orchestrationId}/runs"
_RUN = f"{_RUNS}/{{runId}}"

ROUTES = (
    Route(
        method="GET",
        path="/orchestrations",
        handler=_list,
        scope=READ,
        summary="List orchestrations",
    ),
    Route(
        method="POST",
        path="/orchestrations",
        handler=_create,
        scope=WRITE,
        summary="Create orchestration",
        status=201,
    ),
    Route(method="GET", path=_ONE, handler=_get, scope=READ, summary="Get orchestration"),
    Route(method="PUT", path=_ONE, handler=_update, scope=WRITE, summary="Update orchestration"),
    Route(
        method="DELETE",
        path=_ONE,
        handler=_delete,
        scope=WRITE,
        summary="Delete orchestration",
        status=204,
    ),
    Route(method="GET", path=_RUNS, handler=_runs, scope=READ, summary="List runs"),
    Route(
        method="POST", path=_RUNS, handler=_start, scope=WRITE, summary="Trigger run", status=201
    ),
    Route(method="GET", path=_RUN, handler=_run, scope=READ, summary="Get run"),
    Route(method="GET", path=f"{_RUN}/steps", handler=_steps, scope=READ, summary="Get run steps"),
    Route(
        method="POST",
        path=f"{_ONE}/steps/{{stepId}}/test-decision",
        handler=_test_decision,
        scope=READ,
        summary="Test decision step",
        idempotent=False,
    ),
    *webhooks.ROUTES,
)
