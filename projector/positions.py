"""Builds the objects that know the positions of the views and of the history."""

from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.projector.as_of.history import HISTORY_VIEWS, history_projector
from baton.projector.checkpoint_follower import CheckpointFollower
from baton.projector.projector import Projector
from baton.projector.sets.keeper import ViewSetKeeper


def followers_of(
    stores: Stores, clock: Clock, *, on_demand: bool
) -> tuple[CheckpointFollower, ...]:
    """Return followers of the views and of the history; none for a store of one process.

    Args:
        stores: The stores of this process.
        clock: Paces retries.
        on_demand: Whether the checkpoint of the views is followed only while a task waits. The
            checkpoint of the history always is.
    """
    views, history = stores.view_progress, stores.history_progress
    if views is None or history is None:
        return ()
    return (
        CheckpointFollower(views, clock=clock, on_demand=on_demand),
        CheckpointFollower(history, clock=clock, views=HISTORY_VIEWS, on_demand=True),
    )


def keepers_of(
    stores: Stores, clock: Clock, *, holder: str, pauses: bool, events_per_s: int
) -> tuple[ViewSetKeeper, Projector]:
    """Return the keeper of the views, and the projector of the history.

    Args:
        stores: The stores of this process.
        clock: Paces retries.
        holder: The name under which this process holds leases.
        pauses: Whether both projectors pause between commits.
        events_per_s: The rate limit while a set of views is built; 0 is no limit.
    """
    views = ViewSetKeeper(
        stores, clock=clock, holder=holder, pauses=pauses, events_per_s=events_per_s
    )
    return views, history_projector(stores.history, clock=clock, gathers=pauses)
