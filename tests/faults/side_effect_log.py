"""A log of the function calls that really happened; each call writes its entry to disk first."""

import os
from pathlib import Path
from typing import NamedTuple

VARIABLE = "BATON_TEST_SIDE_EFFECTS"
"""Environment variable that holds the path of the log, for the functions of services."""


class Entry(NamedTuple):
    """One start of a function."""

    run: str
    step: str
    visit: int
    attempt: int


class SideEffectLog:
    """An append-only file; an entry is on disk when `record` returns."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def record(self, idempotency_key: str, attempt: int) -> None:
        """Append an attempt; the idempotency key names its run, step and visit."""
        os.write(self._handle, f"{idempotency_key}.{attempt}\n".encode())
        os.fsync(self._handle)


def read_side_effects(path: Path) -> list[Entry]:
    """Return every complete entry; a process that was killed may leave an incomplete one."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [_entry(line.strip()) for line in lines if line.endswith("\n")]


def _entry(line: str) -> Entry:
    run, step, visit, attempt = line.split(".")
    return Entry(run, step, int(visit), int(attempt))
