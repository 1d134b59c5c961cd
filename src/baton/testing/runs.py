"""Runs of an engine: waiting for their end."""

from dataclasses import replace
from typing import Self, cast

from baton.domain.artifact import Values, artifacts_in, with_values
from baton.domain.durations import render_duration
from baton.domain.json import JsonObject
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.state import State
from baton.testing.assertions import ObservedRun
from baton.testing.clock import Duration, duration_ms
from baton.testing.golden import GoldenFiles
from baton.testing.host import Host


class Stalled(AssertionError):
    """A run doesn't end; the message says what it waits for."""


class Run(ObservedRun):
    """A run of an engine."""

    def __init__(self, host: Host, run_id: str, golden: GoldenFiles | None) -> None:
        super().__init__(run_id, golden)
        self._host = host

    async def wait(self, within: Duration | None = None) -> Self:
        """Skip time until the run has ended; on a server with real time, wait for that.

        Args:
            within: The limit on the engine's clock; by default 400 days, or 30 s of real time.

        Raises Stalled if no due time continues the run, or if it hasn't ended within the limit.
        """
        __tracebackhide__ = True
        within_ms = self._host.within_ms if within is None else duration_ms(within)
        waited = await self._host.wait(self.id, within_ms)
        await self.refresh()
        if waited == "stuck":
            raise Stalled(f"no due time continues the run\n{await self._story()}")
        if waited == "late":
            longest = render_duration(within_ms)
            raise Stalled(f"the run hasn't ended within {longest}\n{await self._story()}")
        return self

    async def refresh(self) -> Self:
        """Process all due work, without moving the clock, and read the run again."""
        await self._host.settle()
        seen = await self._host.see(self.id)
        self._history, self._slug, self._defined = seen.history, seen.slug, seen.steps
        state = RUN.fold(self._events)
        if state.artifacts:
            data = (state.input, state.context, state.outputs)
            values = await self._host.load(one for part in data for one in artifacts_in(part))
            state = _with_values(state, values)
        self._state = state
        return self

    async def cancel(self, reason: str | None = None) -> Self:
        """Cancel the run; raises `baton.domain.errors.Rejected` if it has ended."""
        await self._host.control(self.id, "cancel", reason)
        return await self.refresh()

    async def pause(self, reason: str | None = None) -> Self:
        """Pause the run; raises `baton.domain.errors.Rejected` if it has ended."""
        await self._host.control(self.id, "pause", reason)
        return await self.refresh()

    async def resume(self) -> Self:
        """Resume the run; timers that came due meanwhile fire. Raises `Rejected`."""
        await self._host.control(self.id, "resume", None)
        return await self.refresh()

    async def explain(self) -> str:
        """Return why the run is where it is, a sentence for each step that it waits for."""
        return "\n".join((await self._host.explain(self.id)).because)

    async def _story(self) -> str:
        return f"{await self.explain()}\n{self.history}"


def _with_values(state: State, values: Values) -> State:
    return replace(
        state,
        input=with_values(state.input, values),
        context=cast("JsonObject", with_values(state.context, values)),
        outputs=cast("JsonObject", with_values(state.outputs, values)),
    )
