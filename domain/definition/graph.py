"""The one graph behind all dialects: steps joined by *next* pointers or by *needs*.

Times are milliseconds. The names of classes and fields are the storage format.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from baton.domain.json import Json, JsonObject

Operator = Literal["eq", "neq", "gt", "gte", "lt", "lte", "in", "notIn", "exists", "notExists"]
DEFAULT_TIMEOUT_MS = 300_000
DEFAULT_LOOP_LIMIT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a step is tried in all, and the first backoff; it grows by `multiplier`."""

    max_attempts: int = 1
    backoff_ms: int = 1_000
    multiplier: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One comparison: the value at `path` with `value`, or with the value at `value_path`."""

    path: str
    op: Operator
    value: Json = None
    value_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All `conditions` met: the decision goes on to step `next`."""

    conditions: tuple[Condition, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """A step that calls a function and waits for its outcome."""

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
    kind: Literal["compute"] = "compute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A step that picks the next step by the first case whose conditions all hold."""

    id: str
    cases: tuple[Case, ...]
    default_next: str | None = None
    name: str | None = None
    description: str | None = None
    needs: tuple[str, ...] = ()
    kind: Literal["decision"] = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A step that waits `delay_ms`, as a durable timer."""

    id: str
    delay_ms: int
    name: str | None = None
    description: str | None = None
    next: str | None = None
    needs: tuple[str, ...] = ()
    kind: Literal["delay"] = "delay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A point that is reached when all it needs is done."""

    id: str
    name: str | None = None
    description: str | None = None
    timeout_ms: int | None = None
    next: str | None = None
    needs: tuple[str, ...] = ()
    kind: Literal["sync"] = "sync"


Step: TypeAlias = Compute | Decision | Delay | Sync


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The steps of one definition version and how they are joined.

    `flow` is "next" (one token walks from the first step, loops allowed) or "needs" (every step
    whose needs are done runs, side by side). No slots: the lookups below are cached.
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
        """For each step the steps that need it, in the definition's order."""
        return self._dependents

    @property
    def needed(self) -> dict[str, tuple[str, ...]]:
        """What each step needs, once each, the need written last in front."""
        return self._needed

    # What is cached stands in __dict__; the underscore keeps orjson from storing it.
    @cached_property
    def _by_id(self) -> dict[str, Step]:
        return {step.id: step for step in self.steps}

    @cached_property
    def _needed(self) -> dict[str, tuple[str, ...]]:
        return {step.id: tuple(dict.fromkeys(reversed(step.needs))) for step in self.steps}

    @cached_property
    def _dependents(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for step in self.steps:
            for need in step.needs:
                found.setdefault(need, []).append(step.id)
        return {need: tuple(ids) for need, ids in found.items()}
