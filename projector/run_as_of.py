"""A run and its steps as of one of its events, folded as the views of runs and steps fold them."""

from collections.abc import Sequence
from dataclasses import dataclass

from baton.domain.definition.graph import Graph
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.graph_cache import GraphCache
from baton.projector.folding import fold_event
from baton.projector.view import Key
from baton.projector.views.run_steps import view as step_view
from baton.projector.views.runs import view as run_view


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAsOf:
    """A run after `event` and everything before it; its `graph` is that of its version.

    `steps` are the records of its history in order, and `step` is the one that the event is about,
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
        events: The events of the run's stream, from the first.
        version: The version of the last event that counts, from 1.
        graphs: Reads the definition of the run.

    Raises LookupError if the stream has fewer events, and `Unavailable`.
    """
    runs: dict[Key, run_view.Document] = {}
    steps: dict[Key, step_view.Document] = {}
    about: step_view.Document | None = None
    for recorded in events[:version]:
        fold_event(runs, run_view.VIEW, recorded)
        keys = fold_event(steps, step_view.VIEW, recorded)
        about = steps.get(keys[0]) if keys else None
    if not runs or len(events) < version:
        raise LookupError(version)
    (run,) = runs.values()
    return RunAsOf(
        run=run,
        graph=await graphs.get(run),
        steps=tuple(sorted(steps.values(), key=lambda step: step.seq)),
        step=about,
        event=events[version - 1],
    )
