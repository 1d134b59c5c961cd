"""The state of a run, and functions that copy it with changes; `fold` applies events to it."""

from dataclasses import dataclass, field
from typing import Final, Literal

from baton.domain.json import Json, JsonObject
from baton.domain.run.hold import Hold
from baton.domain.run.outcome import Error, Token
from baton.domain.run.steps import OPEN, Steps, StepState

RunStatus = Literal["none", "pending", "running", "paused", "completed", "failed", "cancelled"]
FINAL: frozenset[RunStatus] = frozenset(("completed", "failed", "cancelled"))


@dataclass(frozen=True, kw_only=True)
class State:
    """The state of a run.

    - `version` is the number of folded events.
    - `outputs` maps step ids to `{"output": …}`, as functions and conditions see them.
    - `last` is the step that finished last in a graph with *next* pointers, `selected` the choice
      of its decision.
    - `open` counts the steps without an outcome, `activations` the visits of all steps.
    - `errors` holds the final failures of steps, in the order in which they happened.
    - `size` is the size of the input, the context patches and every recorded output, in bytes of
      JSON.
    - `artifacts` is whether `input`, `context` or `outputs` may contain an artifact.
    - `late_logs` are the attempts whose logs were recorded after their end.
    - `hold` is set while the run is paused.
    - `entry` names the first step of a rerun that begins elsewhere.

    The class has no slots, because `changed` copies `__dict__` as a whole.
    """

    version: int = 0
    status: RunStatus = "none"
    tenant: str = ""
    run_id: str = ""
    definition_id: str = ""
    definition_version: int = 0
    requested_at: int = 0
    traceparent: str | None = None
    input: Json = None
    context: JsonObject = field(default_factory=dict)
    outputs: JsonObject = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)
    errors: dict[str, Error] = field(default_factory=dict)
    open: int = 0
    last: str | None = None
    selected: str | None = None
    activations: int = 0
    size: int = 0
    artifacts: bool = False
    late_logs: frozenset[Token] = frozenset()
    hold: Hold | None = None
    entry: str | None = None

    @property
    def final(self) -> bool:
        """True once the run has ended."""
        return self.status in FINAL

    @property
    def ended_steps(self) -> int:
        """The number of steps that have an outcome or are awaited."""
        return len(self.steps) - self.open

    def current_attempt(self, token: Token) -> StepState | None:
        """Return the state of the step if `token` is its current attempt, else None."""
        step = self.steps.get(token.step_id)
        if step is None or step.visit != token.visit or step.attempt != token.attempt:
            return None
        return step

    def is_running(self, token: Token) -> bool:
        """Return whether `token` is an attempt that is running."""
        step = self.current_attempt(token)
        return step is not None and step.status == "running"


NOT_REQUESTED: Final = State()
"""The state before the first event."""


def put(state: State, step_id: str, step: StepState, **changes: object) -> State:
    """Return a copy of `state` with the state of a step, `changes` and the next version."""
    before = state.steps.get(step_id)
    opened = (step.status in OPEN) - (before is not None and before.status in OPEN)
    changes["steps"] = state.steps.put(step_id, step)
    changes["open"] = state.open + opened
    return changed(state, changes)


def changed(state: State, changes: dict[str, object]) -> State:
    """Return a copy of `state` with `changes` and the next version.

    `dataclasses.replace` takes twenty times as long: `dict.copy` clones the table as a whole, while
    an initializer sets one member after the other.
    """
    fields = state.__dict__.copy()
    fields["version"] += 1
    fields.update(changes)
    after = object.__new__(State)
    object.__setattr__(after, "__dict__", fields)
    return after
