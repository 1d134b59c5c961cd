"""The views that only reading as of a position needs: the history of lists and reruns.

They have a checkpoint of their own, which no command waits for.
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
REST_MS: Final = 250
"""The pause between two batches while no task waits for these views."""


def history_projector(
    store: ViewStore, *, clock: Clock, shared: bool = False, rests: bool = True
) -> Projector:
    """Return the projector of these views; it `rests`, and so takes events in larger batches."""
    rest_ms = REST_MS if rests else 0
    return Projector(
        store, clock=clock, views=HISTORY_VIEWS, shared=shared, name="history", rest_ms=rest_ms
    )
