"""The changed definition that a backtest tries, and what stands in for outcomes it lacks."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from baton.domain.definition.graph import Compute, Graph
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State as Definition
from baton.domain.errors import Fault, Invalid
from baton.domain.frozen import frozen
from baton.domain.json import Json


@frozen
class Candidate:
    """The changed definition, beside the one whose runs were recorded.

    `definition` has the changed body as its only version, and `graph` is that of the body without
    retries: an attempt ends as the last attempt of its visit did. `recorded_as` maps a step id of
    the candidate to the one under which its outcomes were recorded, where they differ. `shared` are
    the recorded ids of the steps that the candidate has too, by recorded version; in the versions
    of `in_order` they run one by one, as in the candidate. `stubs` are outputs of steps without an
    outcome.
    """

    definition: Definition
    graph: Graph
    shared: Mapping[int, frozenset[str]]
    in_order: frozenset[int]
    recorded_as: Mapping[str, str]
    stubs: Mapping[str, Json]

    def recorded_id(self, step_id: str) -> str:
        """Return the id under which the outcomes of a step of the candidate were recorded."""
        return self.recorded_as.get(step_id, step_id)


def candidate_of(
    recorded: Definition,
    body: Body,
    *,
    recorded_as: Mapping[str, str] | None = None,
    stubs: Mapping[str, Json] | None = None,
) -> Candidate:
    """Return the candidate; raises Invalid for names of steps that there aren't.

    Args:
        recorded: The definition whose runs were recorded.
        body: The content of the changed one.
        recorded_as: The recorded step id of each step that has another id now.
        stubs: The outputs of steps without a recorded outcome.
    """
    renamed, given = dict(recorded_as or {}), dict(stubs or {})
    known = {version: frozenset(one.graph.by_id) for version, one in recorded.versions.items()}
    faults = [
        *_faults_of_names(renamed, body.graph, frozenset().union(*known.values())),
        *_faults_of_stubs(given, body.graph),
    ]
    if faults:
        raise Invalid("The names of steps don't fit the definitions", faults=faults)
    active = replace(body, status="active")
    names = frozenset(renamed.get(step_id, step_id) for step_id in body.graph.by_id)
    return Candidate(
        definition=replace(recorded, version=1, versions={1: active}, disabled=(), deleted=False),
        graph=_without_retries(body.graph),
        shared={version: names & ids for version, ids in known.items()},
        in_order=frozenset(
            version
            for version, one in recorded.versions.items()
            if one.graph.flow == body.graph.flow == "next"
        ),
        recorded_as=renamed,
        stubs=given,
    )


def _without_retries(graph: Graph) -> Graph:
    steps = (replace(one, retry=None) if isinstance(one, Compute) else one for one in graph.steps)
    return replace(graph, steps=tuple(steps))


def _faults_of_names(
    renamed: Mapping[str, str], graph: Graph, recorded: frozenset[str]
) -> Iterable[Fault]:
    for step, before in renamed.items():
        if step not in graph.by_id:
            yield Fault(("map", step), "names no step of the changed definition")
        if before not in recorded:
            yield Fault(("map", step), f"names '{before}', which no recorded version has")


def _faults_of_stubs(stubs: Mapping[str, Json], graph: Graph) -> Iterable[Fault]:
    for step in stubs:
        if not isinstance(graph.by_id.get(step), Compute):
            yield Fault(("stubs", step), "names no step of the changed definition with a function")
