"""A run and its steps as of one of its events, folded by the views of runs and of steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from baton.domain.definition.graph import Graph
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.graph_cache import GraphCache
from baton.projector.folding import fold_events
from baton.projector.view import Key
from baton.projector.views.run_steps import view as step_view
from baton.projector.views.runs import view as run_view


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAsOf:
    """A run as of `event`; `graph` is the graph of its definition's version.

    `steps` are the records of its history, in order. `step` is the record that the event changed,
    None for an event of the run itself.
    """

    run: run_view.Document
    graph: Graph
    steps: tuple[step_view.Document, ...]
    step: step_view.Document | None
    event: Recorded


async def run_as_of(events: Sequence[Recorded], version: int, graphs: GraphCache) -> RunAsOf:
    """Return the run after the first `version` of its events.

    Args:
        events: The events of the run's stream, from the first on.
        version: The version of the last event to fold, from 1.
        graphs: Reads the definition of the run.

    Raises LookupError if the stream has fewer events, and `Unavailable`.
    """
    counted = events[:version]
    runs = fold_events(run_view.VIEW, counted)
    if not runs or len(events) < version:
        raise LookupError(version)
    (run,) = runs.values()
    steps = fold_events(step_view.VIEW, counted)
    return RunAsOf(
        run=run,
        graph=await graphs.get(run),
        steps=tuple(sorted(steps.values(), key=lambda step: step.seq)),
        step=_step_of(counted[-1], steps),
        event=counted[-1],
    )


def _step_of(
    recorded: Recorded, steps: Mapping[Key, step_view.Document]
) -> step_view.Document | None:
    if not isinstance(recorded.event, step_view.VIEW.events):
        return None
    keys = step_view.keys(recorded)
    return steps.get(keys[0]) if keys else None
