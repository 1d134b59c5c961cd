"""Histories of runs that the rules decide, with the functions of a test in the place of steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from baton.domain.artifact import Values
from baton.domain.definition.graph import Case, Condition, Decision, Graph, Operator
from baton.domain.definition.state import State as Definition
from baton.domain.json import Json, JsonObject
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import Command, Event
from baton.domain.run.messages.commands import FireTimer, ReportOutcome, StartRun
from baton.domain.run.outcome import Outcome, Succeeded, Token
from baton.domain.run.trigger import Branch
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Appended, Write
from baton.eventlog.ports.stores import EventStore
from tests.kit.definitions import compute, request_run, sequence

Function = Callable[[str, Json], Outcome]
"""Called with a step id and the input of its run; returns the outcome of an attempt."""


def parcels(operator: Operator = "gt", *, ship: str = "ship") -> Graph:
    """Return a graph that weighs a parcel, ships a heavy one, and rejects any other one.

    The input of a run is the weight.
    """
    heavy = Condition(path="steps.weigh.output.kg", op=operator, value=100)
    return sequence(
        compute("weigh", next="choose"),
        Decision(id="choose", cases=(Case(conditions=(heavy,), next=ship),), default_next="reject"),
        compute(ship),
        compute("reject"),
    )


def weigh(step_id: str, data: Json) -> Outcome:
    """Stand for the functions of `parcels`."""
    return Succeeded(output={"kg": data} if step_id == "weigh" else None)


def recorded_run(
    of: Definition,
    run_id: str,
    data: Json = None,
    *,
    function: Function = lambda _step, _data: Succeeded(),
    context: JsonObject | None = None,
    branch: Branch | None = None,
    values: Values | None = None,
    at: int = 10,
) -> list[Event]:
    """Return the events of a run of the newest version from its request to its end.

    Args:
        of: The definition.
        run_id: The run's id.
        data: The input of the run.
        function: Stands for the function of every step.
        context: The context at the beginning.
        branch: What the run takes over from another one, if it is a rerun.
        values: The large values that conditions read.
        at: The time of every event, but of the end of delays.
    """
    graph = of.body.graph
    request = replace(request_run(of, run_id, at=at, data=data, context=context), branch=branch)
    events, state = RUN.apply(request, RUN.initial)
    commands: list[Command] = [StartRun(graph=graph, at=at)]
    while commands:
        decided, state = RUN.apply(commands.pop(), state)
        events += decided
        waiting = [one for one in state.steps.items() if one[1].open]
        if waiting:
            step_id, step = waiting[0]
            token = Token(step_id, step.visit, step.attempt)
            if step.status == "running":
                outcome = function(step_id, data)
                commands.append(
                    ReportOutcome(token=token, outcome=outcome, graph=graph, at=at, values=values)
                )
            else:
                commands.append(FireTimer(token=token, graph=graph, at=step.due_at))
    return events


async def append_all(
    store: EventStore, tenant: str, kind: str, histories: Mapping[str, Sequence[object]]
) -> None:
    """Append histories of new streams by their ids, many at once."""
    waiting = [
        Write(stream=stream_name(tenant, kind, ident), expected=0, events=events)
        for ident, events in histories.items()
    ]
    while waiting:
        part, waiting = waiting[:100], waiting[100:]
        assert isinstance(await store.append(part), Appended)
