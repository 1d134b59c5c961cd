"""The server that most tests of this folder use; it waits briefly for the rest of a body."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.command_api.admission import connection
from tests.api.running import running
from tests.kit.stack import RunningServer


@pytest.fixture(autouse=True)
def _little_lingering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGERING_S", 0.2)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running(tmp_path) as server:
        yield server
