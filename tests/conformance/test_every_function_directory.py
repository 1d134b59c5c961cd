"""Every function directory: every process sees what executors announce, until it expires."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.eventlog.known_functions import FunctionDirectory, KnownFunction, KnownFunctions
from baton.eventlog.ports.backend import Stores
from tests.conformance.deployments import backend_of, store_openers
from tests.kit.eventually import eventually

SHARED = [name for name in sorted(store_openers()) if "shared" in backend_of(name).capabilities]
CHARGE = KnownFunction(name="charge", id="id-1", kind="queue", queue="pay", aliases=("func_1",))
NOOP = KnownFunction(name="noop", id="id-2", kind="builtin")
MINUTE = 60_000


@pytest.fixture(params=SHARED)
async def processes(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Stores]]:
    """Return stores as two processes open them."""
    processes = [await store_openers()[str(request.param)](tmp_path) for _ in range(2)]
    yield processes
    for stores in processes:
        await stores.close()


@pytest.fixture
def directories(processes: list[Stores]) -> list[FunctionDirectory]:
    return [stores.functions for stores in processes if stores.functions is not None]


async def test_an_announcement_is_seen_replaced_and_withdrawn(
    directories: list[FunctionDirectory],
) -> None:
    executor, api = directories
    nothing = await api.announced()
    await executor.announce("one", [NOOP], ttl_ms=MINUTE)
    await executor.announce("one", [CHARGE, NOOP], ttl_ms=MINUTE)
    await api.announce("two", [NOOP], ttl_ms=MINUTE)
    both = await api.announced()
    await executor.withdraw("one")
    await executor.withdraw("one")
    left = await api.announced()

    assert [*map(list, nothing)] == []
    assert [*map(list, both)] == [[CHARGE, NOOP], [NOOP]]
    assert [*map(list, left)] == [[NOOP]]


async def test_an_announcement_that_is_not_repeated_expires(
    directories: list[FunctionDirectory],
) -> None:
    executor, api = directories
    await executor.announce("killed", [CHARGE], ttl_ms=20)
    await executor.announce("runs", [NOOP], ttl_ms=MINUTE)

    async def one_is_left() -> bool:
        return [*map(list, await api.announced())] == [[NOOP]]

    await eventually(one_is_left)


async def test_an_overview_has_each_function_of_all_executors_once(
    directories: list[FunctionDirectory],
) -> None:
    executor, api = directories
    known = KnownFunctions(api, own=(NOOP,))
    alone = await known.overview()
    await executor.announce("one", [NOOP, CHARGE], ttl_ms=MINUTE)
    await executor.announce("two", [NOOP], ttl_ms=MINUTE)
    all_of_them = await known.overview()

    assert (alone.functions, alone.executors) == ((NOOP,), 1)
    assert (all_of_them.functions, all_of_them.executors) == ((CHARGE, NOOP), 2)


async def test_calls_that_wait_are_added_up_over_the_announced_executors(
    directories: list[FunctionDirectory],
) -> None:
    executor, api = directories
    await executor.announce("killed", [NOOP], ttl_ms=20)
    await executor.announce("one", [NOOP], ttl_ms=MINUTE)
    await executor.announce("two", [NOOP], ttl_ms=MINUTE)
    for holder, waiting in (("killed", {"a": 9}), ("one", {"a": 2, "b": 1}), ("two", {"a": 3})):
        await executor.report_waiting(holder, waiting)
    await executor.announce("two", [NOOP], ttl_ms=MINUTE)

    async def only_the_announced_count() -> bool:
        return [await api.waiting(tenant) for tenant in ("a", "b", "c")] == [5, 1, 0]

    await eventually(only_the_announced_count)
    await executor.report_waiting("one", {})
    await executor.report_waiting("never announced", {"a": 9})

    assert await api.waiting("a") == 3
