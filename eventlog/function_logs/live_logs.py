"""The logs of the attempts that run in this process, for followers of those logs."""

from collections.abc import Sequence
from threading import Lock
from weakref import WeakSet

from baton.eventlog.function_logs.attempt_log import AttemptLog


class LiveLogs:
    """Finds the logs of running attempts, in any thread; it holds only weak references."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._logs: WeakSet[AttemptLog] = WeakSet()

    def add(self, log: AttemptLog) -> None:
        """Add the log of an attempt, which can be found as long as another object references it."""
        with self._lock:
            self._logs.add(log)

    def of_run(self, tenant: str, run_id: str) -> Sequence[AttemptLog]:
        """Return the logs of a run's attempts in this process, in no particular order."""
        with self._lock:
            return [log for log in self._logs if log.run_id == run_id and log.tenant == tenant]
