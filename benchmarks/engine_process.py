"""Runs loads on the engine one after the other: `python -m benchmarks.engine_process [LOAD, …]`.

All loads have the same shape. Prints a result per load; the first load can serve as warm-up.
"""

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from benchmarks.engine import engine
from benchmarks.load import Load, Measured
from benchmarks.processes import print_json


async def measured(loads: list[Load]) -> list[Measured]:
    """Run the loads on a new installation in the working folder; return a result per load."""
    async with engine(Path("baton-data")) as it:
        definition = await it.define(loads[0].of)
        return [await it.drive(definition, load) for load in loads]


if __name__ == "__main__":
    asked = [Load(**load) for load in json.loads(sys.argv[1])]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print_json(runner.run(measured(asked)))
