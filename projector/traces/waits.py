"""The times for which a run waited, as attributes of its span."""

from dataclasses import dataclass, field

from baton.projector.traces.span import Attributes

_Token = tuple[str, int, int]


@dataclass(slots=True)
class Waits:
    """Waiting times in milliseconds; the waits of parallel steps are added up."""

    queued_ms: int = 0
    delay_ms: int = 0
    backoff_ms: int = 0
    paused_ms: int = 0
    paused_at: int | None = None
    _backoffs: dict[_Token, int] = field(default_factory=dict)
    _steps: dict[str, int] = field(default_factory=dict)

    def begin_backoff(self, token: _Token, at: int) -> None:
        """Begin the backoff before the attempt `token`."""
        self._backoffs[token] = at

    def end_backoff(self, token: _Token, at: int) -> int:
        """Return the length of the backoff before the attempt `token`, 0 without one."""
        waited_ms = at - self._backoffs.pop(token, at)
        self.backoff_ms += waited_ms
        return waited_ms

    def begin_step(self, step_id: str, at: int) -> None:
        """Begin a delay, or the wait for a synchronization point."""
        self._steps[step_id] = at

    def end_step(self, step_id: str, at: int) -> None:
        """End the delay of a step, or the wait for a synchronization point, if there is one."""
        self.delay_ms += at - self._steps.pop(step_id, at)

    def resume(self, at: int) -> None:
        """End a pause, if there is one."""
        if self.paused_at is not None:
            self.paused_ms += at - self.paused_at
            self.paused_at = None

    def attributes(self) -> Attributes:
        """Return the waiting times other than zero, as span attributes."""
        found = {
            "baton.run.queued_ms": self.queued_ms,
            "baton.run.delay_ms": self.delay_ms,
            "baton.run.backoff_ms": self.backoff_ms,
            "baton.run.paused_ms": self.paused_ms,
        }
        return {name: ms for name, ms in found.items() if ms > 0}
