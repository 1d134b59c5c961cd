"""Fills a store with runs: `python -m benchmarks.stored_process [STORED, …] WINDOWS RUNS`.

At each number of stored runs it times WINDOWS windows of RUNS runs, 50 in flight.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from benchmarks.engine import engine
from benchmarks.load import Load, Measured
from benchmarks.processes import print_json
from benchmarks.shapes import SHAPES

SHAPE = "3-step"
_IN_FLIGHT = 50
_NO_LIMIT_S = 900.0


async def measured(
    milestones: Sequence[int], windows: int, window_runs: int
) -> list[list[Measured]]:
    """Return the timed windows at each number of stored runs."""
    stored, found = 0, []
    async with engine(Path("baton-data")) as it:
        definition = await it.define(SHAPES[SHAPE])
        for milestone in milestones:
            if stored < milestone:
                stored += (await it.drive(definition, _runs(milestone - stored))).runs
            window = _runs(window_runs)
            found.append([await it.drive(definition, window) for _ in range(windows)])
            stored += windows * window_runs
    return found


def _runs(number: int) -> Load:
    return Load(shape=SHAPE, in_flight=_IN_FLIGHT, seconds=_NO_LIMIT_S, runs=number)


if __name__ == "__main__":
    asked = [json.loads(argument) for argument in sys.argv[1:]]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print_json(runner.run(measured(*asked)))
