"""Replays batches of recorded runs: in this process, or in processes of their own."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection
from typing import Any, Final, TypeAlias

from baton.domain.artifact import NO_VALUES, Artifact, Values, ValuesNeeded
from baton.domain.backtest.candidate import Candidate
from baton.domain.backtest.comparison import Comparison, compare
from baton.domain.backtest.recording import record
from baton.eventlog.backtests.recorded_runs import Batch, RecordedRun
from baton.eventlog.events.codec import decode

Found: TypeAlias = Comparison | frozenset[Artifact] | None
"""The comparison of a run, None if it goes the same way, or the values that it needs first."""
Perform: TypeAlias = Callable[[Batch], Awaitable[list[Found]]]
"""Replays a batch; what it returns is in the order of the runs."""

_candidates: Final[list[Candidate]] = []
"""The candidate of this process, if it is one that was started to replay."""


def compare_run(run: RecordedRun, candidate: Candidate, values: Values = NO_VALUES) -> Found:
    """Return what the replay of a run found; a replay that fails is found, too."""
    try:
        recording = record(_decoded(run))
        found = compare(recording, candidate, values)
    except ValuesNeeded as needed:
        return needed.artifacts
    except Exception as error:  # noqa: BLE001 - one damaged run ends no backtest
        reason = f"{type(error).__name__}: {error}"
        return Comparison(run_id=run.run_id, verdict="error", reason=reason)
    return None if found.verdict == "same" else found


def _decoded(run: RecordedRun) -> Iterator[Any]:
    return (decode(topic, state) for topic, state in run.events)


@contextmanager
def performer(candidate: Candidate, processes: int) -> Iterator[Perform]:
    """Yield a function that replays batches.

    Args:
        candidate: The changed definition.
        processes: The number of processes to start, each for one batch at a time; 0 replays in this
            process.
    """
    if not processes:

        async def here(batch: Batch) -> list[Found]:
            return [compare_run(run, candidate) for run in batch]

        yield here
        return
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(candidate,),
    )
    loop = asyncio.get_running_loop()

    async def elsewhere(batch: Batch) -> list[Found]:
        with _interrupts_blocked():
            replaying = loop.run_in_executor(pool, _replay, batch)
        return await replaying

    try:
        yield elsewhere
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C; a process that is started meanwhile begins with it blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(candidate: Candidate) -> None:
    """Prepare a process: it ends with its parent, which alone gets Ctrl-C."""
    _candidates.append(candidate)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _replay(batch: Batch) -> list[Found]:
    return [compare_run(run, _candidates[-1]) for run in batch]
