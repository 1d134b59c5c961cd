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
from baton.eventlog.process_priority import lower_priority

ReplayResult: TypeAlias = Comparison | frozenset[Artifact] | None
"""The comparison of a run, None if nothing changes, or the values that it needs first."""
ReplayBatch: TypeAlias = Callable[[Batch], Awaitable[list[ReplayResult]]]
"""Replays a batch; the results are in the order of the runs."""

_candidates: Final[list[Candidate]] = []
"""The candidate of this process, if the process was started to replay runs."""


def compare_run(run: RecordedRun, candidate: Candidate, values: Values = NO_VALUES) -> ReplayResult:
    """Replay a run and return the comparison; a replay that fails has the verdict "error"."""
    try:
        recording = record(_decoded(run))
        comparison = compare(recording, candidate, values)
    except ValuesNeeded as needed:
        return needed.artifacts
    except Exception as error:  # noqa: BLE001 - one damaged run ends no backtest
        reason = f"{type(error).__name__}: {error}"
        return Comparison(run_id=run.run_id, verdict="error", reason=reason)
    return None if comparison.verdict == "same" else comparison


def _decoded(run: RecordedRun) -> Iterator[Any]:
    return (decode(topic, state) for topic, state in run.events)


@contextmanager
def performer(candidate: Candidate, processes: int) -> Iterator[ReplayBatch]:
    """Yield a function that replays batches.

    Args:
        candidate: The changed definition.
        processes: The number of processes to start, each for one batch at a time; 0 replays in this
            process.
    """
    if not processes:

        async def here(batch: Batch) -> list[ReplayResult]:
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

    async def elsewhere(batch: Batch) -> list[ReplayResult]:
        with _interrupts_blocked():
            replaying = loop.run_in_executor(pool, _replay, batch)
        return await replaying

    try:
        yield elsewhere
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C; processes that are started meanwhile begin with it blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(candidate: Candidate) -> None:
    """Prepare a process: it ends with its parent, and only the parent receives Ctrl-C."""
    lower_priority()
    _candidates.append(candidate)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _replay(batch: Batch) -> list[ReplayResult]:
    return [compare_run(run, _candidates[-1]) for run in batch]
