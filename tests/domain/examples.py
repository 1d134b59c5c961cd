"""Definitions, commands and runs for tests of the domain. Times are small numbers."""

from typing import Any

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Compute, Graph, Step
from baton.domain.definition.messages import Body, CreateDefinition, Status
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import ManualTrigger, Trigger
from baton.domain.json import Json, JsonObject
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import (
    Error,
    Failed,
    FireTimer,
    ReportOutcome,
    RequestRun,
    StartRun,
    Succeeded,
    TimedOut,
    Token,
)
from baton.domain.run.trigger import BY_HAND
from tests.domain.specification import Given, given
from tests.kit.actors import ANN


def sequence(*steps: Step, loop_limit: int = 1_000) -> Graph:
    return Graph(steps=steps, loop_limit=loop_limit)


def dag(*steps: Step) -> Graph:
    return Graph(steps=steps, flow="needs")


def compute(step_id: str, **members: Any) -> Compute:
    return Compute(id=step_id, function=f"do-{step_id}", **members)


def body(graph: Graph | None = None, **members: Any) -> Body:
    trigger: Trigger = members.pop("trigger", ManualTrigger())
    graph = graph or sequence(compute("a"))
    return Body(name=members.pop("name", "Orders"), trigger=trigger, graph=graph, **members)


def definition(graph: Graph, status: Status = "active") -> Definition:
    create = CreateDefinition(
        tenant="acme",
        definition_id="d1",
        slug="orders",
        body=body(graph, status=status),
        actor=ANN,
        at=1,
    )
    return DEFINITION.apply(create, DEFINITION.initial)[1]


def request(graph: Graph, data: Json = None, context: JsonObject | None = None) -> RequestRun:
    return RequestRun(
        run_id="r1",
        definition=definition(graph),
        trigger=BY_HAND,
        actor=ANN,
        at=10,
        input=data,
        context=context or {},
    )


def running(graph: Graph, data: Json = None, context: JsonObject | None = None) -> Given:
    """Return a run of `graph` that started at 20."""
    return given(RUN).after(request(graph, data, context), StartRun(graph=graph, at=20))


def token(step_id: str, attempt: int = 1, visit: int = 1) -> Token:
    return Token(step_id=step_id, visit=visit, attempt=attempt)


def succeed(
    graph: Graph,
    step_id: str,
    output: Json = None,
    *,
    attempt: int = 1,
    visit: int = 1,
    context: JsonObject | None = None,
    at: int = 30,
) -> ReportOutcome:
    outcome = Succeeded(output=output, context=context)
    return ReportOutcome(token=token(step_id, attempt, visit), outcome=outcome, graph=graph, at=at)


def fail(
    graph: Graph,
    step_id: str,
    *,
    attempt: int = 1,
    visit: int = 1,
    retryable: bool = True,
    jitter: float = 1.0,
    at: int = 30,
) -> ReportOutcome:
    outcome = Failed(error=BROKEN, retryable=retryable, jitter=jitter)
    return ReportOutcome(token=token(step_id, attempt, visit), outcome=outcome, graph=graph, at=at)


def time_out(graph: Graph, step_id: str, *, attempt: int = 1, at: int = 30) -> ReportOutcome:
    return ReportOutcome(token=token(step_id, attempt), outcome=TimedOut(), graph=graph, at=at)


def fire(graph: Graph, step_id: str, *, at: int, attempt: int = 1, visit: int = 1) -> FireTimer:
    return FireTimer(token=token(step_id, attempt, visit), graph=graph, at=at)


BROKEN = Error(code="BROKEN", message="it broke", stack="Traceback …")
