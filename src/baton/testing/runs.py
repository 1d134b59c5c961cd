"""Runs of an engine: waiting for their end."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self, cast

from baton.domain.artifact import Values, artifacts_in, with_values
from baton.domain.json import JsonObject
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.state import FINAL, State
from baton.testing.assertions import ObservedRun
from baton.testing.clock import Duration, duration_ms

if TYPE_CHECKING:
    from baton.testing.engines import Engine

WITHIN: Final = "400d"
"""The time of the engine within which a run has to end that a test waits for."""


class Stalled(AssertionError):
    """A run doesn't end, however long the test waits; the message says what it waits for."""


class Run(ObservedRun):
    """A run of an engine."""

    def __init__(self, engine: "Engine", run_id: str) -> None:
        super().__init__(run_id, engine.golden)
        self._engine = engine

    async def wait(self, within: Duration = WITHIN) -> Self:
        """Skip time until the run has ended.

        Raises Stalled if nothing that is due would move the run, or if it hasn't ended `within`.
        """
        __tracebackhide__ = True
        time = self._engine.time
        until = time.clock.now() + duration_ms(within)
        moves = True
        while True:
            await self.refresh()
            if self._state.final:
                return self
            if not moves:
                raise Stalled(f"the run hasn't ended within {within}\n{await self._story()}")
            await self._require_due()
            moves = await time.step(until)

    async def refresh(self) -> Self:
        """Do what is due now, without moving the clock, and look at the run again."""
        await self._engine.settle()
        self._history = await self._engine.history_of(self.id)
        state = RUN.fold(self._events)
        if state.artifacts:
            data = (state.input, state.context, state.outputs)
            values = await self._engine.load(one for part in data for one in artifacts_in(part))
            state = _with_values(state, values)
        self._state = state
        self._slug = self._engine.slug_of(state.definition_id)
        return self

    async def cancel(self, reason: str | None = None) -> Self:
        """Cancel the run; raises `baton.domain.errors.Rejected` if it has ended."""
        await self._engine.control(self.id, "cancel", reason)
        return await self.refresh()

    async def pause(self, reason: str | None = None) -> Self:
        """Pause the run; raises `baton.domain.errors.Rejected` if it has ended."""
        await self._engine.control(self.id, "pause", reason)
        return await self.refresh()

    async def resume(self) -> Self:
        """Resume the run; timers that came due meanwhile fire. Raises `Rejected`."""
        await self._engine.control(self.id, "resume")
        return await self.refresh()

    async def explain(self) -> str:
        """Return why the run is where it is, a sentence for each step that it waits for."""
        found = await self._engine.explain(self.id)
        return "\n".join(reason.text for reason in found.explanation.because)

    async def _require_due(self) -> None:
        """Raise Stalled if no time is known at which the run goes on."""
        found = (await self._engine.explain(self.id)).explanation
        if found.status not in FINAL and all(one.due_at is None for one in found.next):
            raise Stalled(f"nothing that is due moves the run\n{await self._story()}")

    async def _story(self) -> str:
        return f"{await self.explain()}\n{self.history}"


def _with_values(state: State, values: Values) -> State:
    return replace(
        state,
        input=with_values(state.input, values),
        context=cast("JsonObject", with_values(state.context, values)),
        outputs=cast("JsonObject", with_values(state.outputs, values)),
    )
