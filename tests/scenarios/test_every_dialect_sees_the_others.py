"""Every dialect lists, reads, streams and cancels the runs of each other dialect."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.kit.stack import bearer
from tests.kit.streams import reading
from tests.scenarios.route_cases import CASES, RouteCase
from tests.scenarios.stack import Stack
from tests.scenarios.tale import Driver, drivers, wait_for_step


@asynccontextmanager
async def connected(stack: Stack) -> AsyncIterator[dict[str, Driver]]:
    """Connect a driver of every dialect, as one user."""
    async with aiohttp.ClientSession(headers=bearer()) as session:
        yield {name: connect(session, stack.url, "acme") for name, connect in drivers().items()}


async def definition_id(stack: Stack, slug: str) -> str:
    found = await stack.services.definitions.by_slug("acme", slug)
    assert found is not None
    return found.definition_id


async def test_a_run_of_each_dialect_is_read_in_each(memory: Stack) -> None:
    seen = {}
    async with connected(memory) as dialects:
        for maker, making in dialects.items():
            made = await making.define(maker, [("first", "answer"), ("second", "answer")])
            run_id = await making.start(made, {"n": 1})
            ident = await definition_id(memory, maker)
            for reader, reading in dialects.items():
                seen[maker, reader] = await reading.wait(ident, run_id)
        totals = {name: (await one.page(1, 10))[1] for name, one in dialects.items()}

    assert set(seen.values()) == {"completed"}
    assert set(totals.values()) == {len(dialects)}


async def test_a_run_of_each_dialect_is_cancelled_in_each(memory: Stack) -> None:
    seen = {}
    async with connected(memory) as dialects:
        for maker, making in dialects.items():
            made = await making.define(maker, [("held", "hold")])
            ident = await definition_id(memory, maker)
            for canceller, cancelling in dialects.items():
                run_id = await making.start(made, {})
                await wait_for_step(memory, run_id, "held")
                await cancelling.cancel(run_id)
                for reader, reading in dialects.items():
                    seen[maker, canceller, reader] = await reading.wait(ident, run_id)

    assert set(seen.values()) == {"cancelled"}


STREAMS_OF_LINES = [case for case in CASES if case.route.live and case.route.response]
"""The streams whose lines have a model; a WebSocket with a protocol of its own has none."""


@pytest.mark.parametrize("case", STREAMS_OF_LINES, ids=str)
async def test_a_run_of_each_dialect_is_streamed(memory: Stack, case: RouteCase) -> None:
    client = case.client(memory)
    url = f"{memory.url}{client.base}{case.route.path}"
    async with (
        connected(memory) as dialects,
        reading(memory.session, url, client.headers) as reader,
    ):
        started = [
            await making.start(await making.define(maker, [("only", "answer")]), {})
            for maker, making in dialects.items()
        ]
        events = await reader.until(5 * len(started))

    streamed = Counter(event["runId"] for event in events)
    assert streamed == dict.fromkeys(started, 5)
