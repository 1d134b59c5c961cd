"""Commands and runs for tests of the domain. Times are small numbers."""

from baton.domain.definition.graph import Graph
from baton.domain.json import Json, JsonObject
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import FireTimer, ReportOutcome, RequestRun, StartRun
from baton.domain.run.outcome import Error, Failed, Succeeded, TimedOut, Token
from tests.domain.specification import Given, given
from tests.kit.definitions import definition, request_run


def request(graph: Graph, data: Json = None, context: JsonObject | None = None) -> RequestRun:
    return request_run(definition(graph), data=data, context=context)


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
