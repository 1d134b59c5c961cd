"""Makes what knows how far the views are: those that queries read, and their history."""

from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.projector.as_of.history import HISTORY_VIEWS, history_projector
from baton.projector.checkpoint_follower import CheckpointFollower
from baton.projector.projector import Projector


def followers_of(
    stores: Stores, clock: Clock, *, on_demand: bool
) -> tuple[CheckpointFollower, ...]:
    """Return followers of the views and of the history, none for a store of one process.

    `on_demand` is about the views; the history, for which few wait, is always followed so.
    """
    views, history = stores.view_progress, stores.history_progress
    if views is None or history is None:
        return ()
    return (
        CheckpointFollower(views, clock=clock, on_demand=on_demand),
        CheckpointFollower(history, clock=clock, views=HISTORY_VIEWS, on_demand=True),
    )


def projectors_of(stores: Stores, clock: Clock, *, pauses: bool) -> tuple[Projector, Projector]:
    """Return the projectors of the views and of the history; both take their `pauses`."""
    views = Projector(stores.views, clock=clock, pauses=pauses)
    return views, history_projector(stores.history, clock=clock, rests=pauses)
