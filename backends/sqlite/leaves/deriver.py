"""Derives the leaves of a SQLite file in a separate process."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from baton.backends.sqlite.writing.child_process import ChildProcess, start_child
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.audit.leaf_store import Derived, TreeBroken

_MODULE: Final = "baton.backends.sqlite.leaves.process"


class LeafDeriver:
    """Sends requests to a process, which it starts on first use and again after a crash."""

    def __init__(self, path: Path) -> None:
        """`path` is the file with the events."""
        self._path = path
        self._asking = asyncio.Lock()
        self._process: ChildProcess | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process, None while there is none."""
        return None if self._process is None else self._process.pid

    async def derive(self, *, after: int, limit: int) -> Derived:
        """Return leaves as `LeafStore.derive` does.

        Raises `TreeBroken`, and `Unavailable` when the file can't be read or the process dies.
        """
        async with self._asking:
            if self._process is None or self._process.ended:
                await self._stop()
                self._process = await start_child(self._command)
            kind, content = await self._process.submit((after, limit))
        if kind == "ok":
            return Derived(*content)
        raise TreeBroken(content) if kind == TreeBroken.__name__ else Unavailable(content)

    async def close(self) -> None:
        """Let the process finish its requests, then end it."""
        async with self._asking:
            await self._stop()

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.stop()

    def _command(self, number: int) -> Sequence[str]:
        return (sys.executable, "-P", "-m", _MODULE, str(number), str(self._path.absolute()))
