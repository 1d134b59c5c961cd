"""Puts loads on the engine, one after the other: `python -m benchmarks.engine_process [LOAD, …]`.

All loads are of one shape. Prints what was measured of each, so that the first can warm it up.
"""

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from benchmarks.engine import engine
from benchmarks.load import Load, Measured
from benchmarks.processes import tell


async def measured(loads: list[Load]) -> list[Measured]:
    """Return what was measured of each load, in a fresh installation in the working folder."""
    async with engine(Path("baton-data")) as it:
        definition = await it.define(loads[0].of)
        return [await it.drive(definition, load) for load in loads]


if __name__ == "__main__":
    asked = [Load(**load) for load in json.loads(sys.argv[1])]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tell(runner.run(measured(asked)))
