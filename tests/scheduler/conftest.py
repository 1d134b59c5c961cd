"""A fresh world for each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.scheduler.world import World, new_world


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    made = await new_world()
    yield made
    await made.stores.close()
