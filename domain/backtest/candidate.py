"""The changed definition that a backtest replays runs with, and stubs for missing outcomes."""

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
    """The changed definition, compared with the definition whose runs were recorded.

    - `definition` has the changed body as its only version.
    - `graph` is the graph of that body without retries, because a visit replays only the outcome of
      its last recorded attempt.
    - `recorded_as` maps a candidate's step id to the id under which its outcomes were recorded,
      where the two differ.
    - `shared` holds, for each recorded version, the recorded ids of the steps that the candidate
      has too.
    - `in_order` are the recorded versions whose steps run one by one, like those of the candidate.
    - `stubs` are outputs for steps without a recorded outcome.
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
    """Return the candidate; raises Invalid for names of steps that don't exist.

    Args:
        recorded: The definition whose runs were recorded.
        body: The content of the changed definition.
        recorded_as: The recorded step id of each step that has another id now.
        stubs: The outputs of steps without a recorded outcome.
    """
    renamed, outputs = dict(recorded_as or {}), dict(stubs or {})
    step_ids = {
        version: frozenset(version_body.graph.by_id)
        for version, version_body in recorded.versions.items()
    }
    faults = [
        *_faults_of_names(renamed, body.graph, frozenset().union(*step_ids.values())),
        *_faults_of_stubs(outputs, body.graph),
    ]
    if faults:
        raise Invalid("The names of steps don't fit the definitions", faults=faults)
    active = replace(body, status="active")
    names = frozenset(renamed.get(step_id, step_id) for step_id in body.graph.by_id)
    return Candidate(
        definition=replace(recorded, version=1, versions={1: active}, disabled=(), deleted=False),
        graph=_without_retries(body.graph),
        shared={version: names & ids for version, ids in step_ids.items()},
        in_order=frozenset(
            version
            for version, version_body in recorded.versions.items()
            if version_body.graph.flow == body.graph.flow == "next"
        ),
        recorded_as=renamed,
        stubs=outputs,
    )


def _without_retries(graph: Graph) -> Graph:
    steps = (
        replace(step, retry=None) if isinstance(step, Compute) else step for step in graph.steps
    )
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
