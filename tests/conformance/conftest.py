"""Every test here runs over every backend, and over the one that a transport stands beside."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.eventlog.ports.backend import Stores
from tests.conformance.opening import Opened, backend_of, settings

DURABLE = [name for name in sorted(settings()) if "durable" in backend_of(name).capabilities]


async def _opened(name: str, folder: Path) -> AsyncIterator[Opened]:
    opened = Opened(name, folder)
    await opened.open()
    yield opened
    await opened.now.close()


@pytest.fixture(params=sorted(settings()))
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opened]:
    async for one in _opened(str(request.param), tmp_path):
        yield one


@pytest.fixture(params=DURABLE)
async def durable(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opened]:
    async for one in _opened(str(request.param), tmp_path):
        yield one


@pytest.fixture
def stores(opened: Opened) -> Stores:
    return opened.now
