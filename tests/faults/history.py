"""What a driver asked for and what it was told, as lines of JSON that outlive the test.

An operation without an answer, or with a 5xx, is "info": it happened once, whole, or not at all.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(slots=True)
class Operation:
    """One command; `key` is its Idempotency-Key, `ident` the run that was answered."""

    op: str
    key: str
    invoked_at: float
    answered_at: float = 0.0
    outcome: Literal["ok", "fail", "info"] = "info"
    status: int = 0
    ident: str | None = None
    position: int = 0
    answer: Any = None


class History:
    """Operations and faults in the order of their answers; `operations` holds the former."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self.operations: list[Operation] = []

    def answered(self, operation: Operation) -> None:
        """Write down how an operation came out."""
        operation.answered_at = time.time()
        self.operations.append(operation)
        self._file.write(json.dumps(asdict(operation)) + "\n")

    def fault(self, name: str, **members: object) -> None:
        """Write down what the nemesis did."""
        self._file.write(json.dumps({"fault": name, "at": time.time(), **members}) + "\n")

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def acknowledged(operations: list[Operation]) -> set[str]:
    """Return the runs that were answered 2xx."""
    return {one.ident for one in operations if one.outcome == "ok" and one.ident is not None}
