"""Histograms of a process's group commits, for /metrics."""

from typing import Final

from baton.eventlog.metrics.histogram import Histogram

SECONDS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""The bucket bounds for the time of a commit, in seconds; a good disk takes about 1 ms."""
EVENTS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
"""The bucket bounds for the number of events in a commit."""


class CommitHistograms:
    """Observes successful commits, each once.

    Attributes:
        seconds: The time from the submission of a commit until its events are durable.
        events: The number of events in a commit.
    """

    def __init__(self) -> None:
        self.seconds = Histogram(SECONDS)
        self.events = Histogram(EVENTS)

    def observe(self, seconds: float, events: int) -> None:
        """Add a commit."""
        self.seconds.observe(seconds)
        self.events.observe(events)
