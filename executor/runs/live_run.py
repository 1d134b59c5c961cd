"""One run while this executor works on it: its folded state and what is under way."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from baton.domain.decider import Decider
from baton.domain.definition.graph import Graph
from baton.domain.errors import StaleAttempt
from baton.domain.run.decisions import decide_onto
from baton.domain.run.messages import Command, Event, Token
from baton.domain.run.state import State, evolve
from baton.eventlog.events.envelope import Recorded


@dataclass(slots=True, eq=False)
class LiveRun:
    """What the executor knows of a run between events.

    `commands` wait to be decided in the next append, `external` holds events that others
    appended, `in_flight` the tasks inside a function, `claimed` every token this executor performs
    or has a report of. `seen_version` is the newest version the log has shown. `abandoned` says
    that another executor owns the run now.
    """

    stream: str
    state: State
    graph: Graph | None = None
    commands: list[Command] = field(default_factory=list)
    external: list[Recorded] = field(default_factory=list)
    in_flight: dict[Token, asyncio.Task[None]] = field(default_factory=dict)
    claimed: set[Token] = field(default_factory=set)
    opening: bool = True
    draining: bool = False
    abandoned: bool = False
    seen_version: int = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is under way and the log has shown everything this executor knows."""
        busy = self.opening or self.draining or self.in_flight or self.commands or self.external
        return not busy and self.seen_version >= self.state.version


@dataclass(slots=True)
class Batch:
    """Commands to one run that are decided together; `refused` counts late reports."""

    commands: Sequence[Command]
    refused: int = 0


def _apply_batch(batch: Batch, state: State) -> tuple[list[Event], State]:
    """Decide one command after the other, each on the state the former ones lead to."""
    batch.refused = 0
    events: list[Event] = []
    for command in batch.commands:
        try:
            decided, state = decide_onto(command, state)
        except StaleAttempt:
            batch.refused += 1
        else:
            events.extend(decided)
    return events, state


def _decide_batch(batch: Batch, state: State) -> list[Event]:
    return _apply_batch(batch, state)[0]


BATCH: Decider[Batch, State, Event] = Decider(
    "run", State(), _decide_batch, evolve, onto=_apply_batch
)
"""The run's rules for several commands in one append: a wide fan-in costs few commits."""
