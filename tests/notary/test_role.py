"""The notary as a part of the projector of services that share a database."""

from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from baton.eventlog.notary.signed_head import open_head
from baton.role import RoleName
from baton.roles.projector import NO_KEY
from baton.settings import Settings
from baton.wiring import run_roles
from tests.conformance.deployments import appended, write
from tests.kit.eventually import eventually
from tests.notary.sealing import KEY, KEYS, opened
from tests.servers.postgres import database_for

PROJECTOR: Final[frozenset[RoleName]] = frozenset(("projector",))


async def test_a_projector_with_a_key_seals_events_of_other_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baton.eventlog.notary.notary.PACE_MS", 20)
    settings = Settings(
        data=tmp_path, store=await database_for(tmp_path), audit_key=SecretStr(KEY.text)
    )
    async with opened("postgres", tmp_path) as other:
        async with run_roles(settings, PROJECTOR):
            await appended(other, write("r1", 0, 1, 2))

            async def sealed() -> bool:
                return await other.leaves.head() is not None

            await eventually(sealed)
            made = await appended(other, write("r1", 2, 3))
        head = await other.leaves.head()

    assert head is not None
    assert open_head(head.note, KEYS).position == made.position
    assert not (tmp_path / "audit.key").exists()


async def test_a_projector_without_a_key_logs_that_it_seals_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(data=tmp_path, store=await database_for(tmp_path))
    async with opened("postgres", tmp_path) as other:
        async with run_roles(settings, PROJECTOR):
            await appended(other, write("r1", 0, 1))
        head = await other.leaves.head()

    assert head is None
    assert NO_KEY in caplog.text
