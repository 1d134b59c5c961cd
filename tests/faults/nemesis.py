"""Kills a process once its functions have begun a given number of attempts."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults.checkers import run_oracles
from tests.faults.event_log import Log, read_log
from tests.faults.server import Installation
from tests.kit.eventually import eventually

DEADLINE_S = 60
POLL_S = 0.0005


@dataclass(frozen=True, slots=True)
class UnfinishedWork:
    """The numbers of runs and of attempts in flight when a process was killed."""

    runs: int
    steps: int

    @property
    def hit(self) -> bool:
        """Whether the kill interrupted any work."""
        return bool(self.runs and self.steps)


async def kill_at(installation: Installation, entries: int) -> int:
    """Kill the process once the side-effect log has `entries`; return its exit code."""
    await _wait_for_entries(installation, entries)
    return await installation.kill()


async def kill_writers_at(installation: Installation, entries: int) -> UnfinishedWork:
    """Kill the writer processes once the side-effect log has `entries`.

    Returns the work that was unfinished, once other writers have replaced them.
    """
    await _wait_for_entries(installation, entries)
    killed = set(installation.writers)
    assert killed
    for pid in killed:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    work = unfinished_work(read_log(installation.data))
    await eventually(
        lambda: set(installation.writers) - killed, within_s=DEADLINE_S, every_s=POLL_S
    )
    return work


async def _wait_for_entries(installation: Installation, entries: int) -> None:
    await eventually(
        lambda: _count(installation.side_effect_log) >= entries,
        within_s=DEADLINE_S,
        every_s=POLL_S,
        explain=lambda: f"{_count(installation.side_effect_log)} of {entries} attempts have begun",
    )


def unfinished_work(log: Log) -> UnfinishedWork:
    """Return the work that a log leaves unfinished."""
    open_ = [oracle for oracle in run_oracles(log).values() if not oracle.ended]
    running = [one for oracle in open_ for one in oracle.steps.values() if one.status == "running"]
    return UnfinishedWork(len(open_), len(running))


def _count(side_effects: Path) -> int:
    return side_effects.read_bytes().count(b"\n") if side_effects.exists() else 0
