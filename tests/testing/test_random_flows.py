"""Random flows: every run ends, and time never moves during a call.

`BATON_TEST_FLOWS` is their number.
"""

import asyncio
import os
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baton.testing import Engine, engine

FLOWS = int(os.environ.get("BATON_TEST_FLOWS", "25"))
BEHAVIOURS = ("returns", "fails", "takes", "waits", "works")
"""What a function does: `takes` passes on the engine's clock, `waits` and `works` in real time."""


def behaviours() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(BEHAVIOURS), min_size=1, max_size=3)


@st.composite
def flows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return the steps of a flow: one after another, or a graph by `needs`."""
    graph = draw(st.booleans())
    steps: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 6))):
        step: dict[str, Any] = {"id": f"s{number}"}
        if graph:
            earlier = [one["id"] for one in steps]
            step["needs"] = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        if draw(st.booleans()):
            step["delay"] = f"{draw(st.integers(1, 100_000))}s"
        else:
            step |= {
                "function": f"f{number}",
                "timeout": f"{draw(st.sampled_from((5, 20)))}s",
                "config": {"behaviours": draw(behaviours())},
                "retry": {
                    "attempts": draw(st.integers(1, 3)),
                    "backoff": f"{draw(st.integers(0, 200))}s",
                    "factor": 1,
                },
            }
        steps.append(step)
    return steps


def moved_during(baton: Engine, moves: list[str]) -> Any:
    """Return a function that behaves as its step's config says, and watches the clock."""

    async def behave(payload: Any, context: Any) -> str:
        planned, began = payload["config"]["behaviours"], baton.clock.now()
        behaviour = planned[min(context.attempt, len(planned)) - 1]
        if behaviour == "waits":
            for _ in range(20):
                await asyncio.sleep(0)
        elif behaviour == "works":
            await asyncio.to_thread(time.sleep, 0.0005)
        elif behaviour == "takes":
            await baton.time.clock.sleep_until(baton.time.clock.now() + 10_000)
            began = baton.clock.now()
        if baton.clock.now() != began:
            moves.append(behaviour)
        if behaviour == "fails":
            raise ConnectionError
        return str(behaviour)

    return behave


@settings(max_examples=FLOWS, suppress_health_check=[HealthCheck.too_slow])
@given(flows(), st.integers(0, 5))
def test_every_run_ends_and_time_never_moves_during_a_call(
    steps: list[dict[str, Any]], others: int
) -> None:
    """The other runs have timers of their own, which are due during calls of the first."""
    asyncio.run(_try(steps, others))


async def _try(steps: list[dict[str, Any]], others: int) -> None:
    document = {"slug": "flow", "name": "Flow", "steps": steps}
    moves: list[str] = []
    async with engine(definitions=[document]) as baton:
        for step in steps:
            if "function" in step:
                baton.stub(step["function"], calls=moved_during(baton, moves))
        runs = [await baton.start("flow") for _ in range(1 + others)]
        ended = await asyncio.gather(*(run.wait() for run in runs))
        seen = [await baton.host.see(run.id) for run in runs]
        times = [event.event.at for one in seen for event in one.history]
        now = baton.time.clock.now()

    assert {run.status for run in ended} <= {"completed", "failed"}
    assert moves == []
    assert max(times) <= now
