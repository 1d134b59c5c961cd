"""Tests of workflows: the real engine in memory, with time that is skipped and stubs.

    async def test_a_slow_carrier(baton: Engine) -> None:
        fulfill = baton.stub("fulfill-order", raises=ConnectionError, then=[{"parcel": "p-1"}])
        run = await baton.run("order-processing", {"total": 59})
        run.completed().took(["validate", "fulfill-order", "cool-down"])
        assert len(fulfill.calls) == 2

`docs/testing.md` is the guide. The engine is loaded when one of these names is used, because the
pytest plugin imports this package in every test run.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from baton.testing.assertions import RunError
    from baton.testing.branches import coverage_of
    from baton.testing.clock import EngineClock
    from baton.testing.engines import Engine, engine
    from baton.testing.host import NotOnServer
    from baton.testing.runs import Run, Stalled
    from baton.testing.stubs import Stub, StubCall
    from baton.testing.synchronous import SyncEngine, SyncRun

__all__ = [
    "Engine",
    "EngineClock",
    "NotOnServer",
    "Run",
    "RunError",
    "Stalled",
    "Stub",
    "StubCall",
    "SyncEngine",
    "SyncRun",
    "coverage_of",
    "engine",
]

_MODULES: Final = {
    "Engine": "engines",
    "EngineClock": "clock",
    "NotOnServer": "host",
    "Run": "runs",
    "RunError": "assertions",
    "Stalled": "runs",
    "Stub": "stubs",
    "StubCall": "stubs",
    "SyncEngine": "synchronous",
    "SyncRun": "synchronous",
    "coverage_of": "branches",
    "engine": "engines",
}


def __getattr__(name: str) -> Any:
    """Load the module of a name when the name is used for the first time."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found
