"""A small complete dialect, for tests of the code that all dialects share."""

from dataclasses import asdict

from pydantic import BaseModel, ConfigDict

from baton.command_api import commands
from baton.command_api.dialect.contract import Dialect, FromPath, QueryParameter, Route
from baton.command_api.dialect.load import load_definition, load_run
from baton.command_api.dialect.paging import numbered_page
from baton.command_api.dialect.start_run import start_by_hand
from baton.command_api.dialect.webhook import normalized_path, receive_by_path
from baton.command_api.http.query_parameters import choice
from baton.command_api.http.refusal import STATUS, Refusal
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import ADMIN, READ, WRITE
from baton.domain.definition.graph import Case, Compute, Condition, Decision, Graph
from baton.domain.definition.messages import Body, Status
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import EventTrigger, ManualTrigger, Trigger, WebhookTrigger
from baton.domain.json import JsonObject
from baton.domain.run.state import State as Run
from baton.eventlog.errors import QueryTooSlow, Unavailable
from baton.eventlog.loops.transact import CommandResult
from baton.projector.view_reader import Order

ORDERS: tuple[Order, ...] = ("asc", "desc")
BASE = "/tiny/{workspace}/v1"


class Hook(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    path: str | None = None
    secret: str | None = None
    validate_signature: bool = False
    header: str | None = None


class DefinitionBody(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    slug: str
    name: str = "Tiny"
    status: Status = "active"
    event_type: str | None = None
    hook: Hook | None = None


class DefinitionShown(BaseModel):
    id: str
    slug: str
    version: int


def render_error(refusal: Refusal) -> tuple[int, JsonObject]:
    body: JsonObject = {"tiny_error": refusal.code, "message": refusal.message}
    if refusal.faults:
        body["fields"] = {fault.place: fault.message for fault in refusal.faults}
    return STATUS[refusal.code], body


def body_of(body: DefinitionBody) -> Body:
    trigger: Trigger = ManualTrigger()
    if body.event_type is not None:
        trigger = EventTrigger(event_type=body.event_type)
    if body.hook is not None:
        trigger = WebhookTrigger(
            path=None if body.hook.path is None else normalized_path(body.hook.path),
            configured_path=body.hook.path,
            validate_signature=body.hook.validate_signature,
            signature_header=body.hook.header,
        )
    more = Condition(path="input.amount", op="gt", value=100)
    steps = (
        Decision(id="check", cases=(Case(conditions=(more,), next="do"),)),
        Compute(id="do", function="noop"),
    )
    return Body(name=body.name, trigger=trigger, graph=Graph(steps=steps), status=body.status)


def secrets_of(body: DefinitionBody) -> dict[str | None, str]:
    if body.hook is None or body.hook.secret is None:
        return {}
    path = body.hook.path
    return {None if path is None else normalized_path(path): body.hook.secret}


def shown(definition: Definition) -> JsonObject:
    return {
        "id": definition.definition_id,
        "slug": definition.slug,
        "version": definition.version,
    }


async def create(context: RequestContext) -> Reply:
    body = await context.parse(DefinitionBody)
    new = commands.NewDefinition(
        definition_id=context.new_id(),
        slug=body.slug,
        body=body_of(body),
        secrets=secrets_of(body),
    )
    outcome = await commands.create_definition(
        context.services, context.principal, new, at=context.now()
    )
    return context.reply(201, shown(outcome.state), position=outcome.position)


async def update(context: RequestContext) -> Reply:
    body = await context.parse(DefinitionBody)
    outcome = await commands.update_definition(
        context.services,
        context.principal,
        context.params["id"],
        lambda _: body_of(body),
        at=context.now(),
        secrets=secrets_of(body),
    )
    return context.reply(200, shown(outcome.state), position=outcome.position)


async def delete(context: RequestContext) -> Reply:
    outcome = await commands.delete_definition(
        context.services, context.principal, context.params["id"], at=context.now()
    )
    return context.reply(204, position=outcome.position)


async def existing(context: RequestContext) -> Definition:
    return await load_definition(context, context.params["id"])


async def get(context: RequestContext) -> Reply:
    return context.reply(200, shown(await existing(context)))


async def listed(context: RequestContext) -> Reply:
    page = numbered_page(context.query, sizes=(1, 100))
    order = choice(context.query, "order", ORDERS) or "desc"
    found, total = await context.services.definitions.page(
        context.tenant, order=order, offset=page.offset, limit=page.limit
    )
    return context.reply(200, {"items": [shown(each) for each in found], "total": total})


def run_shown(outcome: CommandResult[Run]) -> JsonObject:
    return {"runId": outcome.state.run_id, "status": outcome.state.status}


async def start(context: RequestContext) -> Reply:
    body = await context.json_object(required=False)
    accepted = await start_by_hand(context, await existing(context), run_input=body.get("input"))
    shown = {"runId": accepted.run.id, "status": accepted.run.status}
    return context.reply(201, shown, position=accepted.position)


async def run(context: RequestContext) -> Reply:
    found = await load_run(context, context.params["run"])
    by = found.actor.subject
    return context.reply(200, {"runId": found.id, "input": found.input, "by": by})


async def cancel(context: RequestContext) -> Reply:
    outcome = await commands.cancel_run(
        context.services, context.principal, context.params["run"], at=context.now()
    )
    return context.reply(200, run_shown(outcome), position=outcome.position)


async def retry(context: RequestContext) -> Reply:
    outcome = await commands.retry_run(
        context.services, context.principal, context.params["run"], at=context.now()
    )
    return context.reply(200, run_shown(outcome), position=outcome.position)


async def decide(context: RequestContext) -> Reply:
    body = await context.json_object()
    graph = (await existing(context)).body.graph
    result = commands.test_decision(graph, context.params["step"], body)
    return context.reply(200, asdict(result))


async def hook(context: RequestContext) -> Reply:
    return await receive_by_path(
        context,
        context.params["path"],
        lambda outcome: context.reply(200, run_shown(outcome), position=outcome.position),
    )


async def echo(context: RequestContext) -> Reply:
    return context.reply(200, await context.json_object())


async def broken(context: RequestContext) -> Reply:
    raise RuntimeError("the cause that must not show: hunter2")


async def down(context: RequestContext) -> Reply:
    raise Unavailable("db.internal:5432 refused hunter2")


async def slow(context: RequestContext) -> Reply:
    raise QueryTooSlow("the statement took longer than hunter2")


async def admin(context: RequestContext) -> Reply:
    return context.reply(200, {"by": context.principal.subject})


PAGE = (
    QueryParameter(name="page", schema={"type": "integer", "minimum": 1}),
    QueryParameter(name="pageSize", schema={"type": "integer", "minimum": 1, "maximum": 100}),
)

DIALECT = Dialect(
    name="tiny",
    title="Tiny",
    bases=(BASE,),
    render_error=render_error,
    tenant=FromPath(parameter="workspace"),
    routes=(
        Route(
            method="POST",
            path="/definitions",
            handler=create,
            scope=WRITE,
            summary="Create",
            request=DefinitionBody,
            response=DefinitionShown,
            status=201,
            problems={409: "The slug is taken"},
        ),
        Route(
            method="GET",
            path="/definitions",
            handler=listed,
            scope=READ,
            summary="List",
            query=PAGE,
        ),
        Route(method="GET", path="/definitions/{id}", handler=get, scope=READ, summary="Get"),
        Route(
            method="PUT", path="/definitions/{id}", handler=update, scope=WRITE, summary="Change"
        ),
        Route(
            method="DELETE",
            path="/definitions/{id}",
            handler=delete,
            scope=WRITE,
            summary="Delete",
            status=204,
        ),
        Route(
            method="POST", path="/definitions/{id}/runs", handler=start, scope=WRITE, summary="Run"
        ),
        Route(
            method="POST",
            path="/definitions/{id}/steps/{step}/test",
            handler=decide,
            scope=READ,
            summary="Test",
            idempotent=False,
        ),
        Route(method="GET", path="/runs/{run}", handler=run, scope=READ, summary="Get run"),
        Route(
            method="POST", path="/runs/{run}/cancel", handler=cancel, scope=WRITE, summary="Cancel"
        ),
        Route(method="POST", path="/runs/{run}/retry", handler=retry, scope=WRITE, summary="Retry"),
        Route(
            method="POST",
            path="/hooks/{path:.+}",
            handler=hook,
            scope=None,
            summary="Hook",
            verifies_signature=True,
        ),
        Route(method="POST", path="/echo", handler=echo, scope=WRITE, summary="Echo"),
        Route(method="GET", path="/broken", handler=broken, scope=READ, summary="Break"),
        Route(method="GET", path="/down", handler=down, scope=READ, summary="Be down"),
        Route(method="GET", path="/slow", handler=slow, scope=READ, summary="Be slow"),
        Route(method="GET", path="/admin", handler=admin, scope=ADMIN, summary="Administer"),
    ),
)
