"""The hold on a paused run, and the choices that a pause and its end leave to the user."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from baton.domain.actor import Actor

InFlight: TypeAlias = Literal["finish", "cancel"]
"""The treatment of running attempts when a run is paused.

"finish" lets them end and records their outcomes. "cancel" cancels them: each of their steps starts
another attempt when the run is resumed, and the cancelled attempt doesn't count as a failure.
"""

Timers: TypeAlias = Literal["fire", "shift", "skip"]
"""The treatment of held timers when a run is resumed.

"fire" keeps their due times: a timer that is already due fires at once. "shift" adds the time for
which each timer was held. "skip" ends delays at once and keeps the other due times.
"""

BY_SERVER: Final = Actor("hold", "system")
"""The actor that pauses runs while the whole server is held, and resumes them afterwards."""

TimerKind: TypeAlias = Literal["delay", "backoff", "sync"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The pause of a run since `at`.

    `was` is the status that the run returns to. `timers` maps the ids of steps in a delay or a
    backoff to the time at which their timer was held: later than `at` for a backoff that began
    during the pause. `by_server` is whether the hold on the whole server paused the run. Times are
    milliseconds since the epoch, UTC.
    """

    at: int
    was: Literal["pending", "running"]
    by_server: bool = False
    timers: Mapping[str, int] = field(default_factory=dict)
