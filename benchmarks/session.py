"""One session of measuring: its plan, its temporary folders, and how far it is."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress, TaskID

from benchmarks.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """`base` is where temporary folders are made: on the disk that is measured."""

    base: Path | None
    progress: Progress
    task: TaskID

    @contextmanager
    def folder(self, doing: str) -> Iterator[Path]:
        """Say what is being measured, give it an empty folder, and clean up behind it."""
        self.progress.update(self.task, description=doing)
        with tempfile.TemporaryDirectory(prefix="baton-bench-", dir=self.base) as name:
            yield Path(name)
        self.progress.advance(self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Turns):
    """Measures the embedded setting."""

    plan: Plan
