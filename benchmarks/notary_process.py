"""`python -m benchmarks.notary_process ACT LOADS`, in the folder of an installation.

"drive" runs loads on the engine, "drive without" does so without the notary. "verify" verifies the
log that they left, "verify by 2" does so in two processes.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import uvloop

from baton.eventlog.notary.checks.store import Requirements, verify_store
from baton.keys import audit_keys
from baton.process_memory import collect_garbage_less_often
from baton.stores import open_stores, store_location
from baton.verification.run import helpers
from benchmarks.engine import settings_in
from benchmarks.engine_process import measured
from benchmarks.load import Load
from benchmarks.processes import MeasurementFailed, print_json


async def verified(folder: Path, jobs: int) -> dict[str, float]:
    """Return the number of verified events and the seconds that it took."""
    settings = settings_in(folder)
    keys = audit_keys(settings, create=False)
    stores = await open_stores(settings, read_only=True, sealing="none")
    collect_garbage_less_often()
    begun = time.perf_counter()
    verdict = await verify_store(
        stores.leaves,
        stores.artifacts,
        Requirements(keys=keys.verifiers if keys else ()),
        helpers=helpers(store_location(settings), jobs),
    )
    seconds = time.perf_counter() - begun
    await stores.close()
    if verdict.broken is not None or not verdict.sealed:
        raise MeasurementFailed(f"the log isn't what it should be: {verdict}")
    return {"events": verdict.events, "seconds": seconds}


if __name__ == "__main__":
    act, loads = (json.loads(one) for one in sys.argv[1:3])
    os.environ["BATON_NOTARY"] = "false" if act == "drive without" else "true"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if act.startswith("verify"):
            jobs = 2 if act == "verify by 2" else 1
            print_json(runner.run(verified(Path("baton-data"), jobs)))
        else:
            print_json(runner.run(measured([Load(**load) for load in loads])))
