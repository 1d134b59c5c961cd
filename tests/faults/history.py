"""The commands that a driver sent and their answers, as lines of JSON that outlive the test.

The outcome of an operation without an answer, or with a 5xx, is "info": it had its whole effect
once, or none.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(slots=True)
class Operation:
    """One command; `key` is its Idempotency-Key, `run_id` the id of the run in its answer.

    Times are seconds since the epoch.
    """

    op: str
    key: str
    invoked_at: float
    answered_at: float = 0.0
    outcome: Literal["ok", "fail", "info"] = "info"
    status: int = 0
    run_id: str | None = None
    answer: Any = None


class History:
    """Operations and faults in the order of their ends; `operations` holds the former."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self.operations: list[Operation] = []

    def record(self, operation: Operation) -> None:
        """Record an operation that has its answer, or will have none."""
        operation.answered_at = time.time()
        self.operations.append(operation)
        self._file.write(json.dumps(asdict(operation)) + "\n")

    def record_fault(self, name: str, **members: object) -> None:
        """Record a fault and its details."""
        self._file.write(json.dumps({"fault": name, "at": time.time(), **members}) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def acknowledged(operations: list[Operation]) -> set[str]:
    """Return the ids of the runs that were answered 2xx."""
    return {one.run_id for one in operations if one.outcome == "ok" and one.run_id is not None}
