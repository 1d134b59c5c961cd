"""Pausing and resuming runs, and the preview of what resuming a run would do."""

from collections.abc import Sequence
from dataclasses import dataclass

from baton.command_api.commands.runs import graph_of, require_plain, require_released
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.artifact import Values
from baton.domain.errors import NotFound
from baton.domain.run.control.pausing import HeldTimer, held_timers
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.hold import InFlight, Timers
from baton.domain.run.messages import Event
from baton.domain.run.messages.commands import PauseRun, ResumeRun
from baton.domain.run.messages.run_events import RunPaused
from baton.domain.run.state import State as Run
from baton.domain.stream import stream_name
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.transact import CommandResult, transact


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The effect of resuming a paused run at a given time.

    `held` are the timers in the order in which they end, `arrived` the events recorded since the
    pause, and `decided` the events that resuming the run would append.
    """

    held: Sequence[HeldTimer]
    arrived: Sequence[Recorded]
    decided: Sequence[Event]


async def pause_run(
    services: Services,
    principal: Principal,
    run_id: str,
    *,
    at: int,
    reason: str | None = None,
    inflight: InFlight = "finish",
) -> CommandResult[Run]:
    """Pause a run; raises NotFound, and InConflict if it has ended."""
    require_plain("reason", reason)
    command = PauseRun(actor=principal.actor, at=at, reason=reason, inflight=inflight)
    return await transact(
        services.store, RUN, stream_name(principal.tenant, "run", run_id), command
    )


async def resume_run(
    services: Services, principal: Principal, run_id: str, *, at: int, timers: Timers = "fire"
) -> CommandResult[Run]:
    """Resume a paused run.

    Raises NotFound, and InConflict if the run isn't paused or the server is held.
    """
    graph = await graph_of(services, principal.tenant, run_id)
    require_released(services)
    stream = stream_name(principal.tenant, "run", run_id)

    async def decide(values: Values) -> CommandResult[Run]:
        command = ResumeRun(
            graph=graph, actor=principal.actor, at=at, timers=timers, values=values or None
        )
        return await transact(services.store, RUN, stream, command)

    return await services.values.decided(principal.tenant, decide)


async def preview_resume(
    services: Services, principal: Principal, run_id: str, *, at: int, timers: Timers = "fire"
) -> Preview:
    """Return what `resume_run` would do now, without doing it; raises the same errors."""
    stream = stream_name(principal.tenant, "run", run_id)
    recorded = await services.store.read(stream)
    if not recorded:
        raise NotFound("run", run_id)
    run = RUN.fold(stored.event for stored in recorded)
    graph = await graph_of(services, principal.tenant, run_id)

    async def decide(values: Values) -> list[Event]:
        command = ResumeRun(
            graph=graph, actor=principal.actor, at=at, timers=timers, values=values or None
        )
        return RUN.decide(command, run)

    decided = await services.values.decided(principal.tenant, decide)
    held = held_timers(run, at, timers)
    return Preview(held=held, arrived=_since_pause(recorded), decided=decided)


def _since_pause(recorded: Sequence[Recorded]) -> Sequence[Recorded]:
    """Return the events after the newest pause of a run."""
    pauses = [place for place, stored in enumerate(recorded) if isinstance(stored.event, RunPaused)]
    return recorded[pauses[-1] + 1 :]
