"""The roles of one process: started together, and stopped in order."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from baton.availability import keep_running, stop_role
from baton.command_api.app import make_health_app
from baton.command_api.services import Services
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.server_hold import ServerHold
from baton.projector.checkpoint_follower import CheckpointFollower
from baton.projector.sets.keeper import ViewSetKeeper
from baton.role import Role, RoleContext, RoleName
from baton.roles.api import ApiRole

READY_POLL_MS: Final = 50
"""The pause between two rounds of readiness checks, in ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The roles of one process, in the order of starting.

    Args:
        services: The services of the HTTP handlers; every process answers /healthz, /readyz and
            /metrics.
        followers: Follow the checkpoints of the views if another process may keep them, and the
            hold on the server.
    """

    context: RoleContext
    services: Services
    roles: Mapping[RoleName, Role]
    followers: Sequence[CheckpointFollower | ServerHold]

    def app(self) -> web.Application:
        """Return the HTTP application: the API's if this process has that role, else health."""
        role = self.roles.get("api")
        if isinstance(role, ApiRole):
            return role.app()
        return make_health_app(self.services)

    async def prepare(self) -> None:
        """Prepare the views of this process before any role reads them, and read the server's hold.

        Raises `Unavailable`. If several processes share the store, the projector prepares the
        views, and the others wait for it.
        """
        keeper = self.context.view_position
        if isinstance(keeper, ViewSetKeeper):
            await keeper.prepare()
        await self.context.hold.refresh_until_available()

    async def ready(self) -> None:
        """Return when every check of /readyz holds."""
        while not await self._all_checks_hold():
            await self.context.clock.idle(READY_POLL_MS)

    def start(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Start every role as a task of `group`."""
        tasks = [group.create_task(follower.run()) for follower in self.followers]
        return tasks + [
            group.create_task(keep_running(name, role, clock=self.context.clock), name=name)
            for name, role in self.roles.items()
        ]

    async def stop(self) -> None:
        """Let each role finish its running work, the last started one first."""
        for name, role in reversed(tuple(self.roles.items())):
            await stop_role(name, role)

    async def _all_checks_hold(self) -> bool:
        try:
            return all([await check() for check in self.context.checks.values()])
        except Unavailable:
            return False
