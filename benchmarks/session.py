"""A benchmark session: its plan, temporary folders and progress."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress, TaskID

from benchmarks.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Progress over the measurements; temporary folders are made in `base`."""

    base: Path | None
    progress: Progress
    task: TaskID

    @contextmanager
    def folder(self, doing: str) -> Iterator[Path]:
        """Show the current measurement, yield an empty folder, and remove it afterwards."""
        self.progress.update(self.task, description=doing)
        with tempfile.TemporaryDirectory(prefix="baton-bench-", dir=self.base) as name:
            yield Path(name)
        self.progress.advance(self.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Turns):
    """A session in the embedded setting."""

    plan: Plan
