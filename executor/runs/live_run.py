"""One run while this executor works on it: its folded state and what is under way."""

import asyncio
from dataclasses import dataclass, field

from baton.domain.definition.graph import Graph
from baton.domain.run.messages import Command, Token
from baton.domain.run.state import State
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
