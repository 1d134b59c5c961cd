"""A key that is revoked while clients use it on two servers is refused by both within a second."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest_asyncio

from baton.cli.data.access import changing, operator
from baton.command_api.commands.access import revoke_api_key
from baton.role import RoleName
from baton.settings import Settings
from tests.kit.api_keys import Key, create_key
from tests.kit.eventually import eventually
from tests.kit.stack import bearer, in_background, running_roles
from tests.scenarios.stack import Stack, settings_for

CLIENTS = 50
REFUSED = (401, 429)
ROLES: tuple[frozenset[RoleName], ...] = (frozenset(("api", "projector")), frozenset(("api",)))


@dataclass(slots=True)
class Caller:
    """A client that uses one key on one server without a pause."""

    server: Stack
    key: Key
    statuses: list[int] = field(default_factory=list)

    async def call(self) -> None:
        while True:
            answer = await self.server.get("/runs", anonymous=True, headers=self.key.headers)
            self.statuses.append(answer.status)


@pytest_asyncio.fixture(loop_scope="module")
async def servers(tmp_path: Path) -> AsyncIterator[tuple[Settings, list[Stack]]]:
    """Two servers with connections of their own to one PostgreSQL and one Kafka."""
    async with AsyncExitStack() as running:
        settings = await settings_for(tmp_path, "postgres+kafka")
        yield (
            settings,
            [
                await running.enter_async_context(running_roles(settings, Stack, roles=roles))
                for roles in ROLES
            ],
        )


async def test_a_key_revoked_in_use_is_refused_by_every_server_within_a_second(
    servers: tuple[Settings, list[Stack]],
) -> None:
    settings, stacks = servers
    revoked, kept = [await create_key(stacks[0].stores) for _ in range(2)]
    callers = [
        Caller(server, revoked) for server, _ in zip(itertools.cycle(stacks), range(CLIENTS))
    ]
    others = [Caller(server, kept) for server in stacks]

    async with in_background(*(caller.call() for caller in (*callers, *others))):
        await eventually(lambda: all(len(caller.statuses) > 3 for caller in callers))
        assert {status for caller in callers for status in caller.statuses} == {200}
        async with changing(settings) as access:  # as `baton apikey revoke` does
            await revoke_api_key(access, "acme", revoked.id, actor=operator(), at=1)
        await eventually(
            lambda: all(caller.statuses[-1] in REFUSED for caller in callers), within_s=1
        )
        seen = [len(caller.statuses) for caller in callers]
        await eventually(
            lambda: all(
                len(caller.statuses) > count + 3
                for caller, count in zip(callers, seen, strict=True)
            )
        )

    for caller, count in zip(callers, seen, strict=True):
        assert set(caller.statuses[count:]) <= set(REFUSED)
    for other in others:
        assert set(other.statuses) == {200}
    for server in stacks:
        assert (await server.get("/runs", anonymous=True, headers=bearer())).status == 200
