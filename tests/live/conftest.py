"""The world that most tests of streams share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.live.world import World, world_in


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_in(tmp_path) as world:
        yield world
