"""The group commits of a process in numbers, for /metrics."""

from typing import Final

from baton.eventlog.figures.histogram import Histogram

SECONDS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""The upper bounds of the buckets of the time of a commit; a good disk needs about 1 ms."""
EVENTS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
"""The upper bounds of the buckets of the size of a commit."""


class CommitFigures:
    """Counts successful commits: each is one observation, however many events it stored.

    Attributes:
        seconds: The times from the submission of a commit until its events are durable.
        events: The numbers of events.
    """

    def __init__(self) -> None:
        self.seconds = Histogram(SECONDS)
        self.events = Histogram(EVENTS)

    def observe(self, seconds: float, events: int) -> None:
        """Add a commit."""
        self.seconds.observe(seconds)
        self.events.observe(events)
