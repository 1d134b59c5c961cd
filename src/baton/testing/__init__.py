"""Tests of workflows: the real engine in memory, with time that is skipped and stubs.

    async def test_a_slow_carrier(baton: Engine) -> None:
        fulfill = baton.stub("fulfill-order", raises=ConnectionError, then=[{"parcel": "p-1"}])
        run = await baton.run("order-processing", {"total": 59})
        run.completed().took(["validate", "fulfill-order", "cool-down"])
        assert len(fulfill.calls) == 2

`docs/testing.md` is the guide.
"""

from baton.testing.assertions import RunError
from baton.testing.clock import EngineClock
from baton.testing.engines import Engine, engine
from baton.testing.runs import Run, Stalled
from baton.testing.stubs import Stub, StubCall
from baton.testing.synchronous import SyncEngine, SyncRun

__all__ = [
    "Engine",
    "EngineClock",
    "Run",
    "RunError",
    "Stalled",
    "Stub",
    "StubCall",
    "SyncEngine",
    "SyncRun",
    "engine",
]
