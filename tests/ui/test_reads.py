"""The reads of the pages of runs while the engine works at full speed (`make ui-budgets`)."""

import asyncio
import time
from collections import defaultdict
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import pytest

from tests.ui.big_data import WIDE_RUN, WIDE_STEPS
from tests.ui.conftest import GATED, Figure
from tests.ui.load import clients_starting, position
from tests.ui.seed import before_start
from tests.ui.server import UiServer, ui_server_in

BUDGETS_MS: Final = {"/runs?limit=60": 20, f"/runs/{WIDE_RUN}/timeline": 60}
"""The 99th percentile of a read, in milliseconds, by its path."""
THREE_STEPS: Final = {
    "slug": "three-steps",
    "name": "Three steps",
    "steps": [{"id": step, "function": "noop"} for step in ("first", "second", "third")],
}
CLIENTS: Final = 20
"""Clients that start one run after the other, which is as much as a server can do."""
WARM_S, READ_S, PAUSE_S = 3.0, 20.0, 0.01


async def read_for(server: UiServer, seconds: float) -> dict[str, list[float]]:
    """Read every path in turn; return the milliseconds of each read."""
    took: dict[str, list[float]] = defaultdict(list)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for path in BUDGETS_MS:
            begun = time.perf_counter()
            await server.get(path)
            took[path].append((time.perf_counter() - begun) * 1_000)
            await asyncio.sleep(PAUSE_S)
    return took


@pytest.mark.skipif(not GATED, reason="make ui-budgets measures times")
async def test_lists_and_timelines_are_quick_under_full_load(
    tmp_path: Path, figure: Figure
) -> None:
    await before_start(tmp_path)
    async with ui_server_in(tmp_path) as server:
        await server.apply(THREE_STEPS)
        timeline = await server.get(f"/runs/{WIDE_RUN}/timeline")
        with clients_starting(server, "three-steps", CLIENTS):
            await read_for(server, WARM_S)
            before = await position(server)
            took = await read_for(server, READ_S)
            changes_per_s = (await position(server) - before) / READ_S
    p99 = {path: quantiles(found, n=100)[-1] for path, found in took.items()}
    for path, found in took.items():
        figure(
            f"GET {path} beside {changes_per_s:,.0f} changes/s:"
            f" p50 {median(found):.1f} ms, p99 {p99[path]:.1f} ms"
        )

    assert timeline["total"] == WIDE_STEPS
    assert all(p99[path] <= budget for path, budget in BUDGETS_MS.items())
