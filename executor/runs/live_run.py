"""One run in memory: its folded state, and its pending commands, events and calls."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from baton.domain.definition.graph import Compute, Graph
from baton.domain.run.messages import Command
from baton.domain.run.outcome import Token
from baton.domain.run.state import State
from baton.eventlog.events.envelope import Recorded
from baton.executor.runs.deadlines import Attempt


class Phase(Enum):
    """Stages of a live run: `NEW`, then `WAITING` and `DRAINING` in turn, perhaps `ABANDONED`."""

    NEW = "new"
    """The task that first advances the run hasn't begun."""
    WAITING = "waiting"
    """No append is in flight, but calls may be."""
    DRAINING = "draining"
    """One task appends, and continues until no command and no external event is queued."""
    ABANDONED = "abandoned"
    """Another executor owns the run: nothing more is appended or called here. Final."""


# Reading an attribute of an enum class is slow, and these are read for every append.
NEW: Final[Phase] = Phase.NEW
WAITING: Final[Phase] = Phase.WAITING
DRAINING: Final[Phase] = Phase.DRAINING
ABANDONED: Final[Phase] = Phase.ABANDONED


@dataclass(slots=True, eq=False)
class LiveRun:
    """A run that this executor works on; all members are used on the event loop only.

    Attributes:
        stream: The run's stream in the event store.
        state: The fold of its events up to `state.version`.
        seen_version: The newest version that the log has delivered.
        graph: The steps of the definition's version; None until it has been loaded.
        commands: Commands for the next append, in order of arrival.
        external: Events appended by other processes that are not folded yet, in order.
        in_flight: The attempts whose function is being called.
        claimed: Attempts that this executor performs, or whose outcome it hasn't recorded yet.
        phase: Decides whether a task may append; see `Phase`.
    """

    stream: str
    state: State
    seen_version: int = 0
    graph: Graph | None = None
    commands: list[Command] = field(default_factory=list)
    external: list[Recorded] = field(default_factory=list)
    in_flight: "dict[Token, Attempt[LiveRun]]" = field(default_factory=dict)
    claimed: set[Token] = field(default_factory=set)
    phase: Phase = NEW

    def compute_step(self, token: Token) -> Compute:
        """Return the step of an attempt; the graph has been loaded."""
        graph: Any = self.graph
        step: Compute = graph.by_id[token.step_id]
        return step

    def is_running(self, token: Token) -> bool:
        """Return whether an attempt is the current one of its step and has no outcome yet."""
        return self.state.is_running(token)

    def claim_running(self) -> list[Token]:
        """Claim the running attempts that are not claimed yet, and return them."""
        running = (
            Token(step_id, step.visit, step.attempt)
            for step_id, step in self.state.steps.items()
            if step.status == "running"
        )
        tokens = [token for token in running if token not in self.claimed]
        self.claimed.update(tokens)
        return tokens

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight and the log has delivered every event folded here."""
        if self.phase is not WAITING or self.in_flight or self.commands or self.external:
            return False
        return self.seen_version >= self.state.version
