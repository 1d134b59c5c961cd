"""The states of a run's steps, in an immutable mapping of which a changed copy is cheap.

Copying a plain dict for every event would cost n² for a run of n parallel steps. This mapping
copies only the entries that changed recently.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeVar, overload

from baton.domain.frozen import frozen

Status = Literal[
    "running",
    "released",
    "delayed",
    "backing_off",
    "succeeded",
    "skipped",
    "failed",
    "cancelled",
    "awaited",
]
OPEN: frozenset[Status] = frozenset(("running", "released", "delayed", "backing_off"))
"""The statuses of a step without an outcome; no run ends while a step has one of them.

A synchronization point that is "awaited" has none of them: a run may end without reaching it.
"""
NO_ATTEMPT: Final = 0
"""The attempt of a step that failed before its first one."""
_MAX_RECENT = 64
"""The number of recently changed entries that a copy contains, before they are merged."""

T = TypeVar("T")


@frozen(kw_only=False)
class StepState:
    """The state of the newest visit of a step.

    `due_at` is when its timer fires: its deadline, or the end of its delay or backoff. `failures`
    and `takeovers` count within the visit.
    """

    status: Status
    visit: int
    attempt: int
    due_at: int = 0
    failures: int = 0
    takeovers: int = 0

    @property
    def open(self) -> bool:
        """True while the outcome is still to come."""
        return self.status in OPEN

    @property
    def done(self) -> bool:
        """True once steps that need this one may start."""
        return self.status in ("succeeded", "skipped")

    @property
    def awaited(self) -> bool:
        """True for a synchronization point with a timeout, until it is reached or times out."""
        return self.status == "awaited"

    def with_status(self, status: Status) -> "StepState":
        """Return the same attempt with this status."""
        return StepState(
            status, self.visit, self.attempt, self.due_at, self.failures, self.takeovers
        )


class Steps(Mapping[str, StepState]):
    """An immutable mapping of step ids to states, in the order of the first activations."""

    __slots__ = ("_recent", "_settled", "_size")

    def __init__(
        self,
        settled: dict[str, StepState] | None = None,
        recent: dict[str, StepState] | None = None,
        size: int = 0,
    ) -> None:
        self._settled = settled or {}
        self._recent = recent or {}
        self._size = size

    def put(self, step_id: str, step: StepState) -> "Steps":
        """Return a copy in which `step_id` has the state `step`."""
        recent = self._recent.copy()
        size = self._size + (step_id not in recent and step_id not in self._settled)
        recent[step_id] = step
        if len(recent) > _MAX_RECENT:
            return Steps({**self._settled, **recent}, None, size)
        return Steps(self._settled, recent, size)

    @overload
    def get(self, key: str, /) -> StepState | None: ...
    @overload
    def get(self, key: str, /, default: StepState | T) -> StepState | T: ...
    def get(self, key: str, /, default: object = None) -> object:
        """Return the state of a step, or `default`; faster than the method of Mapping."""
        step = self._recent.get(key)
        return step if step is not None else self._settled.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._recent or key in self._settled

    def __getitem__(self, key: str) -> StepState:
        step = self._recent.get(key)
        return step if step is not None else self._settled[key]

    def __iter__(self) -> Iterator[str]:
        yield from self._settled
        for step_id in self._recent:
            if step_id not in self._settled:
                yield step_id

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"Steps({dict(self)!r})"
