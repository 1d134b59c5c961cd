"""What functions really did: each attempt notes itself on disk before it does anything else."""

import os
from pathlib import Path
from typing import NamedTuple

VARIABLE = "BATON_TEST_LEDGER"


class Entry(NamedTuple):
    """One start of a function."""

    run: str
    step: str
    visit: int
    attempt: int


class SideEffectLog:
    """A file that only grows; an entry is on disk when `note` returns."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, idempotency_key: str, attempt: int) -> None:
        """Note an attempt; the key names run, step and visit."""
        os.write(self._handle, f"{idempotency_key}.{attempt}\n".encode())
        os.fsync(self._handle)


def read_side_effects(path: Path) -> list[Entry]:
    """Return every entry that is whole."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [_entry(line.strip()) for line in lines if line.endswith("\n")]


def _entry(line: str) -> Entry:
    run, step, visit, attempt = line.split(".")
    return Entry(run, step, int(visit), int(attempt))
