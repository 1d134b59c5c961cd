"""Runs a test on every deployment: each backend alone, and each shared one with a transport."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.eventlog.ports.backend import Stores
from tests.conformance.deployments import OpenedStores, deployments, with_capability


async def _opened(name: str, folder: Path) -> AsyncIterator[OpenedStores]:
    opened = OpenedStores(name, folder)
    await opened.open()
    yield opened
    await opened.stores.close()


@pytest.fixture(params=sorted(deployments()))
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenedStores]:
    async for one in _opened(str(request.param), tmp_path):
        yield one


@pytest.fixture(params=with_capability("durable"))
async def durable(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenedStores]:
    async for one in _opened(str(request.param), tmp_path):
        yield one


@pytest.fixture
def stores(opened: OpenedStores) -> Stores:
    return opened.stores
