"""The contract of a role, and the context that a process passes to each of its roles.

A module of `baton.roles` holds one role and exports `build(context)`. It knows no other role.
"""

import math
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, Protocol, TypeAlias, TypeVar, get_args

from prometheus_client import CollectorRegistry

from baton.command_api.metrics_text import new_registry
from baton.eventlog.clock import SystemClock
from baton.eventlog.function_logs.live_logs import LiveLogs
from baton.eventlog.known_functions import KnownFunctions
from baton.eventlog.live_attempts import LiveAttempts
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.virtual_time.counted_stores import counted
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.eventlog.waiting_calls import WaitingCalls
from baton.projector.open_runs import OpenRuns
from baton.protocols.http_client import HttpClient
from baton.scheduler.timers.fire_timers import NEAR_MS
from baton.settings import Settings

T = TypeVar("T")
RoleName: TypeAlias = Literal["api", "executor", "projector", "scheduler"]
ALL_ROLES: Final[frozenset[RoleName]] = frozenset(get_args(RoleName))


class Role(Protocol):
    """One of the four jobs of an installation. Building a role starts nothing."""

    async def run(self) -> None:
        """Work until cancelled; an exception ends the process."""
        ...

    async def stop(self) -> None:
        """Accept no new work and finish running work; `run` is cancelled afterwards."""
        ...

    def export(self, metrics: CollectorRegistry) -> None:
        """Register the role's metrics."""
        ...


class ViewPosition(Protocol):
    """The position up to which the views hold the log."""

    @property
    def position(self) -> int:
        """The newest position known to this process, -1 before the first."""
        ...

    async def reached(self, position: int, timeout_ms: int) -> bool:
        """Wait until the views hold `position`; False if they don't within `timeout_ms`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacements:
    """Parts of a process that a test, or a server with virtual time, replaces.

    Args:
        time: Virtual time instead of the machine's clock.
        rng: Draws the jitter of backoffs.
    """

    time: VirtualTime | None = None
    rng: Random | None = None

    @property
    def clock(self) -> Clock:
        """The clock of the process."""
        return SystemClock() if self.time is None else self.time.clock

    def counted(self, port: T) -> T:
        """Return `port`; under virtual time, with methods that hold the clock while they run."""
        return port if self.time is None else counted(port, self.time.activity)

    @property
    def near_ms(self) -> float:
        """The time within which due work is kept in memory: virtual time must know all due work."""
        return NEAR_MS if self.time is None else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleContext:
    """The dependencies of roles, shared by the roles of one process.

    Args:
        holder: The name under which this process holds leases.
        view_position: This process's own `Projector` if only this process uses the store; otherwise
            the follower of the checkpoint that another process's projector saves.
        history_position: The same for the views of the history.
        closing: A role registers the resources that it opened here. It is closed after every role
            has ended.
        tenant_runs: Limits the unfinished runs of each tenant; counts the runs that any role
            starts.
        hold: The hold on the server, as this process sees it.
        functions: The functions that executors know; the executor of this process sets its own.
        waiting_calls: The calls that wait for an executor; set in the same way.
        webhook_client: Posts to the receivers of webhooks out.
        live_logs: The logs of the attempts that run in this process.
        live_attempts: These attempts with their heartbeats.
        checks: Readiness checks by name, run by /readyz; a check returns True for ready.
        metrics: The registry that /metrics exports.
        replaced: Parts that a test or virtual time replaces.
    """

    settings: Settings
    stores: Stores
    clock: Clock
    rng: Random
    holder: str
    view_position: ViewPosition
    history_position: ViewPosition
    closing: AsyncExitStack
    tenant_runs: OpenRuns
    hold: ServerHold
    functions: KnownFunctions
    waiting_calls: WaitingCalls
    webhook_client: HttpClient
    live_logs: LiveLogs = field(default_factory=LiveLogs)
    live_attempts: LiveAttempts = field(default_factory=LiveAttempts)
    checks: dict[str, Callable[[], Awaitable[bool]]] = field(default_factory=dict)
    metrics: CollectorRegistry = field(default_factory=new_registry)
    replaced: Replacements = field(default_factory=Replacements)
