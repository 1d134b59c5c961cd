"""Exports the group commits of a process that appends events."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.registry import Collector

from baton.eventlog.metrics.commits import CommitHistograms
from baton.metrics.families import histogram


class CommitMetrics(Collector):
    """The metrics of commits."""

    def __init__(self, commits: CommitHistograms) -> None:
        self._commits = commits

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        about = "Seconds that a commit of events took"
        yield histogram("commit_seconds", about, (), {(): self._commits.seconds})
        about = "Events that a commit stored; appends that arrive during a commit share the next"
        yield histogram("commit_events", about, (), {(): self._commits.events})
