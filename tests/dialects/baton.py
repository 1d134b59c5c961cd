"""Sample requests of Baton's own API."""

from collections.abc import Mapping

from baton.command_api.commands import NewDefinition, cancel_run, create_definition, start_run
from baton.command_api.dialect.contract import Route
from baton.command_api.principal import Principal
from baton.domain.definition.graph import Compute, Graph
from baton.domain.definition.messages import Body
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.run.messages import RequestRun
from baton.domain.run.trigger import BY_HAND
from baton.protocols.canonical_json import canonical, digest
from tests.scenarios.stack import Client

__all__ = ["body", "error_code", "prepare"]


async def prepare(client: Client, route: Route) -> dict[str, str]:
    """Create a definition and a run, cancelled where the route retries one."""
    services = client.stack.services
    user, now = Principal(subject="ada", tenant=client.tenant), services.clock.now()
    graph = Graph(steps=(Compute(id="only", function="answer"),))
    new = NewDefinition(
        definition_id=services.new_id(),
        slug="orders",
        body=Body(name="Orders", trigger=ManualTrigger(), graph=graph),
    )
    created = await create_definition(services, user, new, at=now)
    command = RequestRun(
        run_id=services.new_id(),
        definition=created.state,
        trigger=BY_HAND,
        actor=user.actor,
        at=now,
    )
    result = await start_run(services, command)
    if route.path.endswith("/retry"):
        result = await cancel_run(services, user, command.run_id, at=now)
    assert await services.reached(result.position, 5_000)
    raw = canonical(f"{client.tenant} " * 10_000)
    await client.stack.stores.artifacts.put(client.tenant, digest(raw), raw)
    return {
        "definition": new.definition_id,
        "runId": command.run_id,
        "dialect": "baton",
        "hash": digest(raw),
    }


def body(route: Route) -> object:
    """Return a body that the route accepts."""
    if route.path == "/events":
        return {"event": "record_created", "recordSlug": "orders", "recordId": "rec_1"}
    return {}


def error_code(body: Mapping[str, object]) -> str:
    """Return a refusal's code."""
    assert set(body) <= {"error", "message", "details"}
    assert isinstance(body["message"], str)
    return str(body["error"])
