"""The history: the views that only reads as of a position need.

The history has its own checkpoint, and no command waits for it.
"""

from dataclasses import replace
from typing import Any, Final

from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.views import ViewStore
from baton.projector.as_of.kept_streams import VIEW as KEPT_STREAMS
from baton.projector.as_of.reruns import VIEW as RERUNS
from baton.projector.as_of.run_counts import COUNTS
from baton.projector.as_of.run_spans import VIEW as RUN_SPANS
from baton.projector.projector import Projector
from baton.projector.view import View

HISTORY_VIEWS: Final[tuple[View[Any], ...]] = (
    KEPT_STREAMS,
    RERUNS,
    replace(RUN_SPANS, following=COUNTS),
)
GATHER_MS: Final = 250
"""The pause between two batches, in ms, while no task waits for these views."""


def history_projector(
    store: ViewStore, *, clock: Clock, shared: bool = False, gathers: bool = True
) -> Projector:
    """Return the projector of the history.

    If it `gathers`, it pauses between batches, so that each batch has more events.
    """
    gather_ms = GATHER_MS if gathers else 0
    return Projector(
        store, clock=clock, views=HISTORY_VIEWS, shared=shared, name="history", gather_ms=gather_ms
    )
