"""A run and its steps as of one of its events, folded as the views of runs and steps fold them."""

from collections.abc import Sequence
from dataclasses import dataclass

from baton.domain.definition.graph import Graph
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.graph_cache import GraphCache
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
    run: run_view.Document | None = None
    steps: dict[Key, step_view.Document] = {}
    about: step_view.Document | None = None
    for recorded in events[:version]:
        run = run_view.evolve(run, recorded)
        about = _fold_step(steps, recorded)
    if run is None or len(events) < version:
        raise LookupError(version)
    return RunAsOf(
        run=run,
        graph=await graphs.get(run),
        steps=tuple(sorted(steps.values(), key=lambda step: step.seq)),
        step=about,
        event=events[version - 1],
    )


def _fold_step(
    steps: dict[Key, step_view.Document], recorded: Recorded
) -> step_view.Document | None:
    """Fold an event into the records of steps; return the record that it is about."""
    if not isinstance(recorded.event, step_view.VIEW.events):
        return None
    found: list[step_view.Document] = []
    for key in step_view.keys(recorded):
        document = step_view.evolve(steps.get(key), recorded)
        if document is not None:
            steps[key] = document
            found.append(document)
    return found[0] if found else None
