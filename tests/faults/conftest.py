"""Servers that tests of faults stop and kill, one set for each process of the test run."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.faults.arena import Arena, Servers, arena_on
from tests.faults.arena import servers as own_servers


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with own_servers() as found:
        yield found


@pytest.fixture
async def arena(servers: Servers, tmp_path: Path) -> AsyncIterator[Arena]:
    async with arena_on(servers, tmp_path) as arena:
        yield arena
