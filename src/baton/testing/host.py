"""The host of an engine: the roles in the process of the test, or a running server."""

from asyncio import AbstractEventLoop
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from baton.domain.artifact import Artifact, Values
from baton.domain.event_type import type_fault
from baton.domain.json import Json, JsonObject
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.testing.clock import HostClock
from baton.testing.documents import Document
from baton.testing.stubs import Stub

Control: TypeAlias = Literal["cancel", "pause", "resume"]
Waited: TypeAlias = Literal["ended", "late", "stuck"]
"""The outcome of waiting for a run: it ended, it is late, or no due time continues it."""


class NotOnServer(RuntimeError):
    """A server doesn't support the operation; the message names another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why a run is where it is.

    Attributes:
        because: A sentence for each step that the run waits for.
        ended: Whether it has ended.
        is_due: Whether a due time continues it.
    """

    because: Sequence[str]
    ended: bool
    is_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The events of a run, and the slug and the ids of the steps of its definition."""

    slug: str
    steps: frozenset[str]
    history: Sequence[Recorded]


class Host(HostClock, Protocol):
    """The operations of an engine. Every method except `stub` needs an opened host."""

    @property
    def within_ms(self) -> int:
        """The default time within which a run must end, in ms."""
        ...

    @property
    def opened(self) -> bool:
        """Whether `open` was called."""
        ...

    @property
    def loop(self) -> AbstractEventLoop | None:
        """The event loop in which the host runs, if it has one."""
        ...

    @property
    def time(self) -> VirtualTime:
        """The time of the roles in this process; raises NotOnServer."""
        ...

    async def open(self) -> None:
        """Start the host, or connect to it."""
        ...

    async def close(self) -> None:
        """Stop the host if this process has started it."""
        ...

    async def settle(self) -> None:
        """Process all due work."""
        ...

    async def crash(self) -> None:
        """Kill the executor and start another one; raises NotOnServer."""
        ...

    def stub(self, stub: Stub) -> None:
        """Replace a function by a stub; raises NotOnServer."""
        ...

    async def apply(self, document: Document) -> None:
        """Create or update definitions; raises ValueError, which names every fault."""
        ...

    async def start(self, definition: str, run_input: Json, correlation_id: str | None) -> str:
        """Start a run and return its id; raises Rejected and LookupError."""
        ...

    async def record(
        self, kind: str, structure: str, record_id: str, data: JsonObject | None
    ) -> Sequence[str]:
        """Send a record event and return the ids of the runs that it starts."""
        ...

    async def decide(self, definition: str, step: str, scope: Mapping[str, Json]) -> str | None:
        """Return the step that a decision chooses; raises Rejected and LookupError."""
        ...

    async def runs(self, definition: str | None) -> Sequence[str]:
        """Return the ids of runs in the order of their requests."""
        ...

    async def control(self, run_id: str, verb: Control, reason: str | None) -> None:
        """Cancel, pause or resume a run; raises Rejected where its status doesn't allow that."""
        ...

    async def see(self, run_id: str) -> Seen:
        """Return the history of a run, with its definition's slug and steps."""
        ...

    async def load(self, artifacts: Iterable[Artifact]) -> Values:
        """Return the values of artifacts."""
        ...

    async def explain(self, run_id: str) -> Explained:
        """Return why a run is where it is."""
        ...

    async def wait(self, run_id: str, within_ms: int) -> Waited:
        """Wait for the end of a run."""
        ...


def event_kind(event: str) -> str:
    """Return the type of a record event that a test names; raises ValueError."""
    kind = f"record.{event}" if type_fault(f"record.{event}") is None else event
    if fault := type_fault(kind):
        raise ValueError(f"event {event!r} {fault}")
    return kind
