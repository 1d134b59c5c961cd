"""Builders of definitions, and of the commands that create a definition and request a run of it."""

from typing import Any

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Compute, Graph, Step
from baton.domain.definition.messages import Body, CreateDefinition, Status
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import ManualTrigger, Trigger
from baton.domain.json import Json, JsonObject
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.trigger import BY_HAND
from tests.kit.actors import ANN

TENANT = "acme"


def compute(step_id: str, **members: Any) -> Compute:
    """Return a compute step; its function is "do-" and its id, unless `members` name another."""
    return Compute(id=step_id, function=members.pop("function", f"do-{step_id}"), **members)


def sequence(*steps: Step, loop_limit: int = 1_000) -> Graph:
    """Return a graph whose steps name their successors."""
    return Graph(steps=steps, loop_limit=loop_limit)


def dag(*steps: Step) -> Graph:
    """Return a graph whose steps name their dependencies."""
    return Graph(steps=steps, flow="needs")


def body(graph: Graph | None = None, **members: Any) -> Body:
    """Return the body of a manual definition of one step; `members` replace its fields."""
    trigger: Trigger = members.pop("trigger", ManualTrigger())
    graph = graph or sequence(compute("a"))
    return Body(name=members.pop("name", "Orders"), trigger=trigger, graph=graph, **members)


def create_definition(
    definition_id: str, content: Body, *, tenant: str = TENANT, slug: str = "", at: int = 1
) -> CreateDefinition:
    """Return the command that creates a definition; its slug is its id if none is given."""
    return CreateDefinition(
        tenant=tenant,
        definition_id=definition_id,
        slug=slug or definition_id,
        body=content,
        actor=ANN,
        at=at,
    )


def definition(graph: Graph, status: Status = "active") -> Definition:
    """Return the state of a new definition with the id "d1" and the slug "orders"."""
    create = create_definition("d1", body(graph, status=status), slug="orders")
    return DEFINITION.apply(create, DEFINITION.initial)[1]


def request_run(
    of: Definition,
    run_id: str = "r1",
    *,
    at: int = 10,
    data: Json = None,
    context: JsonObject | None = None,
) -> RequestRun:
    """Return the command that requests a run of the definition `of` with the input `data`."""
    return RequestRun(
        run_id=run_id,
        definition=of,
        trigger=BY_HAND,
        actor=ANN,
        at=at,
        input=data,
        context=context or {},
    )
