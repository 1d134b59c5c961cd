"""Servers that fault tests stop and kill; each process of the test run has its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.faults.environment import Environment, Servers, environment_on
from tests.faults.environment import servers as own_servers


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with own_servers() as found:
        yield found


@pytest.fixture
async def env(servers: Servers, tmp_path: Path) -> AsyncIterator[Environment]:
    async with environment_on(servers, tmp_path) as env:
        yield env
