"""Kills at a random point of the work: when functions have noted so many attempts."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults.checkers import run_oracles
from tests.faults.event_log import Log, read_log
from tests.faults.server import Installation

DEADLINE_S = 60
POLL_S = 0.0005


@dataclass(frozen=True, slots=True)
class UnfinishedWork:
    """What was under way when the process was killed."""

    runs: int
    steps: int

    @property
    def hit(self) -> bool:
        """Whether it hit running work at all."""
        return bool(self.runs and self.steps)


async def kill_at(installation: Installation, entries: int) -> int:
    """Kill -9 once the side_effects has so many entries; return what the process exited with."""
    await _reached(installation, entries)
    return await installation.kill()


async def kill_writers_at(installation: Installation, entries: int) -> UnfinishedWork:
    """Kill -9 what writes for it, then; return what was under way once there is another writer."""
    await _reached(installation, entries)
    killed = set(installation.writers)
    assert killed
    for pid in killed:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    blow = unfinished_work(read_log(installation.data))
    deadline = time.monotonic() + DEADLINE_S
    while not set(installation.writers) - killed:
        assert time.monotonic() < deadline, "nobody writes any more"
        await asyncio.sleep(POLL_S)
    return blow


async def _reached(installation: Installation, entries: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while _entries(installation.side_effect_log) < entries:
        assert time.monotonic() < deadline, "the work does not come that far"
        await asyncio.sleep(POLL_S)


def unfinished_work(log: Log) -> UnfinishedWork:
    """Return what the log of a killed process leaves unfinished."""
    open_ = [oracle for oracle in run_oracles(log).values() if not oracle.over]
    running = [one for oracle in open_ for one in oracle.steps.values() if one.status == "running"]
    return UnfinishedWork(len(open_), len(running))


def _entries(side_effects: Path) -> int:
    return side_effects.read_bytes().count(b"\n") if side_effects.exists() else 0
