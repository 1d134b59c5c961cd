"""The graph of a definition: steps connected by *next* pointers or by *needs*.

All dialects map to this graph. The names of classes and fields are the storage format.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from baton.domain.json import Json, JsonObject

Operator = Literal["eq", "neq", "gt", "gte", "lt", "lte", "in", "notIn", "exists", "notExists"]
DEFAULT_TIMEOUT_MS = 300_000
DEFAULT_LOOP_LIMIT = 1_000
"""The number of step activations after which a run of a graph with *next* pointers fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The retry policy of a step: attempts in all, the first backoff, and its growth."""

    max_attempts: int = 1
    backoff_ms: int = 1_000
    multiplier: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A comparison of the value at `path` with `value`, or with the value at `value_path`."""

    path: str
    op: Operator
    value: Json = None
    value_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case of a decision: step `next` follows when all `conditions` hold; None ends the run."""

    conditions: tuple[Condition, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """A step that calls a function.

    - `when` are conditions; unless they all hold, the step is skipped.
    - `on_failure` is the effect on the run when the step fails for good: "end" completes the run
      with errors; "fail" or None fails it.
    - `implied` means that the definition names no function for the step, and `function` is the
      step's id. Baton then calls the function with the step's id, else the function with its name,
      else `noop`.
    """

    id: str
    function: str
    name: str | None = None
    description: str | None = None
    config: JsonObject | None = None
    timeout_ms: int = DEFAULT_TIMEOUT_MS
    retry: Retry | None = None
    next: str | None = None
    on_success_next: str | None = None
    on_failure: Literal["fail", "end"] | None = None
    needs: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    implied: bool = False
    kind: Literal["compute"] = "compute"

    @property
    def names_no_function(self) -> bool:
        """Whether the function is still implied: no dialect has named another function since."""
        return self.implied and self.function == self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A step that chooses the next step: the first case whose conditions all hold.

    If a condition of `when` doesn't hold, the cases are ignored and `default_next` follows.
    """

    id: str
    cases: tuple[Case, ...]
    default_next: str | None = None
    name: str | None = None
    description: str | None = None
    needs: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    kind: Literal["decision"] = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A step that waits for `delay_ms` milliseconds on a durable timer.

    It is skipped unless all conditions of `when` hold.
    """

    id: str
    delay_ms: int
    name: str | None = None
    description: str | None = None
    next: str | None = None
    needs: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    kind: Literal["delay"] = "delay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A synchronization point, reached when every step in `needs` is done.

    `timeout_ms` counts from the start of the run; the run fails if it doesn't reach the point by
    then. Once every step is done, the point is skipped unless all conditions of `when` hold.
    """

    id: str
    name: str | None = None
    description: str | None = None
    timeout_ms: int | None = None
    next: str | None = None
    needs: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    kind: Literal["sync"] = "sync"


Step: TypeAlias = Compute | Decision | Delay | Sync


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The steps of one version of a definition, and the edges between them.

    With the `flow` "next", steps run one after the other, beginning with the first, and loops are
    allowed. With "needs", a step starts as soon as every step that it needs is done, in parallel
    with others. The class has no slots, because the lookups below are cached in `__dict__`.
    """

    steps: tuple[Step, ...]
    flow: Literal["next", "needs"] = "next"
    loop_limit: int = field(default=DEFAULT_LOOP_LIMIT)

    @property
    def by_id(self) -> dict[str, Step]:
        """The steps by their id."""
        return self._by_id

    @property
    def dependents(self) -> dict[str, tuple[str, ...]]:
        """For each step the ids of the steps that need it, in the order of the definition."""
        return self._dependents

    @property
    def needed(self) -> dict[str, tuple[str, ...]]:
        """For each step the ids that it needs, without repetitions, in reverse order."""
        return self._needed

    @property
    def timed_syncs(self) -> tuple[Sync, ...]:
        """The synchronization points with a timeout that wait for other steps."""
        return self._timed_syncs

    # The cache is in __dict__. orjson leaves out members that begin with an underscore.
    @cached_property
    def _by_id(self) -> dict[str, Step]:
        return {step.id: step for step in self.steps}

    @cached_property
    def _needed(self) -> dict[str, tuple[str, ...]]:
        return {step.id: tuple(dict.fromkeys(reversed(step.needs))) for step in self.steps}

    @cached_property
    def _timed_syncs(self) -> tuple[Sync, ...]:
        syncs = (step for step in self.steps if isinstance(step, Sync) and step.needs)
        return tuple(sync for sync in syncs if sync.timeout_ms is not None)

    @cached_property
    def _dependents(self) -> dict[str, tuple[str, ...]]:
        dependents: dict[str, list[str]] = {}
        for step in self.steps:
            for need in step.needs:
                dependents.setdefault(need, []).append(step.id)
        return {need: tuple(ids) for need, ids in dependents.items()}
