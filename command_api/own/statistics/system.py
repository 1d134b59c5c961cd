"""GET /system: the state of the services, as the process that answers sees it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from importlib.metadata import version
from platform import python_version
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.control.hold import ShownHold, render_hold
from baton.command_api.principal import ADMIN, READ
from baton.command_api.readiness import check_readiness, words_of
from baton.command_api.services import Services
from baton.domain.json import JsonObject
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.leases import Lease
from baton.protocols.iso_time import format_time

OWNERS_TIMEOUT_S: Final = 2.0
EXECUTORS: Final = "executor"
"""The group of executors that share the partitions of the log."""
_FOLLOWERS: Final[Mapping[str, str]] = {
    "relay": "relay",
    "scheduler.records": "records",
    "scheduler.deliveries": "deliveries",
    "scheduler.traces": "traces",
}
"""The checkpoints of followers of the log, and the names that an answer gives them."""


class HeldLease(BaseModel):
    """The right of one process to do a job alone; `epoch` grows with each change of holder."""

    name: str
    holder: str
    epoch: int
    expiresAt: str  # noqa: N815 - the names of the JSON


class Follower(BaseModel):
    """A follower of the log and the position that it has saved; `lag` is behind the newest event.

    Followers save their positions once in a while: a small lag says nothing.
    """

    name: Literal["views", "notary", "relay", "records", "deliveries", "traces"]
    position: int
    lag: int


class Owner(BaseModel):
    """A member of the group of executors, and the partitions of the log that it owns."""

    member: str
    host: str
    partitions: list[int]


class Versions(BaseModel):
    """The versions of this process."""

    baton: str
    python: str


class System(BaseModel):
    """The state of the services.

    `head` is the position of the newest event, `position` the one that the views of this process
    are known to hold, and `lag` the number of positions between them.
    """

    ready: bool
    checks: dict[str, Literal["ok", "failing"]]
    head: int
    position: int
    lag: int
    followers: list[Follower]
    leases: list[HeldLease]
    executors: int = Field(description="Running executors; a killed one counts for up to a minute")
    partitions: list[Owner] | None = Field(
        default=None,
        description="Missing where the log has no partitions, or Kafka doesn't answer in time",
    )
    functions: int
    queues: list[str] = Field(description="The queues of remote workers")
    waitingCalls: int = Field(  # noqa: N815
        description="Calls of the tenant's functions that wait for a free slot"
    )
    versions: Versions
    virtualTime: bool = Field(  # noqa: N815
        description="Whether the clock stands still until `POST /clock` moves it"
    )
    hold: ShownHold
    config: dict[str, Any] | None = Field(
        default=None,
        description="The settings of this process, without secrets; for orchestrator:admin",
    )


async def _show(context: RequestContext) -> Reply:
    services = context.services
    head = await services.store.head()
    position = services.position()
    checks = await check_readiness(services)
    known = await services.functions.overview()
    body = {
        "ready": all(checks.values()),
        "checks": words_of(checks),
        "head": max(head, position),
        "position": position,
        "lag": max(0, head - position),
        "followers": [_follower(name, at, head) async for name, at in _positions(services)],
        "leases": [
            _lease(lease) for lease in await services.installation.leases.held(at=context.now())
        ],
        "executors": known.executors,
        "partitions": await _partitions(services),
        "functions": len(known.functions),
        "queues": sorted(
            {function.queue for function in known.functions if function.queue is not None}
        ),
        "waitingCalls": await services.waiting_calls.of(context.tenant),
        "versions": {"baton": version("baton-orchestrator"), "python": python_version()},
        "virtualTime": services.virtual_time is not None,
        "hold": render_hold(await services.hold.state()),
        "config": services.installation.config if ADMIN in context.principal.scopes else None,
    }
    return context.reply(200, without_none(body))


async def _positions(services: Services) -> AsyncIterator[tuple[str, int]]:
    """Yield the followers that have saved a position."""
    yield "views", max(0, services.position())
    sealed = await services.leaves.head()
    if sealed is not None:
        yield "notary", sealed.position
    for stored, name in _FOLLOWERS.items():
        position = await services.installation.checkpoints.load(stored)
        if position:
            yield name, position


async def _partitions(services: Services) -> list[JsonObject] | None:
    """Return the owners of the partitions, None if they can't be asked for now."""
    if services.installation.partition_owners is None:
        return None
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(OWNERS_TIMEOUT_S):
            members = await services.installation.partition_owners.members(EXECUTORS)
        return [
            {"member": member.member, "host": member.host, "partitions": list(member.partitions)}
            for member in members
        ]
    return None


def _follower(name: str, position: int, head: int) -> JsonObject:
    return {"name": name, "position": position, "lag": max(0, head - position)}


def _lease(lease: Lease) -> JsonObject:
    return {
        "name": lease.name,
        "holder": lease.holder,
        "epoch": lease.epoch,
        "expiresAt": format_time(lease.expires_at),
    }


_EXAMPLE: Final[JsonObject] = {
    "ready": True,
    "checks": {"store": "ok", "views": "ok"},
    "head": 81234,
    "position": 81234,
    "lag": 0,
    "followers": [
        {"name": "views", "position": 81234, "lag": 0},
        {"name": "notary", "position": 81230, "lag": 4},
    ],
    "leases": [
        {
            "name": "scheduler",
            "holder": "d3c0u7p6gtk2q1v9m4s0",
            "epoch": 2,
            "expiresAt": "2026-01-05T09:00:05.000Z",
        }
    ],
    "executors": 1,
    "functions": 7,
    "queues": [],
    "waitingCalls": 0,
    "versions": {"baton": "0.1.0", "python": "3.11.9"},
    "virtualTime": False,
    "hold": {"held": False},
}

ROUTES = (
    Route(
        method="GET",
        path="/system",
        handler=_show,
        scope=READ,
        summary="Get the state of the services: checks, positions, leases and executors",
        operation_id="getSystem",
        tag="Statistics",
        response=System,
        example=_EXAMPLE,
        problems={400: "Invalid parameter", 403: "The token lacks the scope"},
    ),
)
