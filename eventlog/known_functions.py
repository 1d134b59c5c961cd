"""The functions that can be called at the moment: those of this process, and announced ones.

Executors that share a store announce their functions in its directory; the port is
`FunctionDirectory`. A process that has the store to itself needs none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

FunctionKind: TypeAlias = Literal["python", "http", "queue", "builtin"]
"""In a process of the executor, behind a URL, on remote workers, or a part of Baton."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFunction:
    """A function by its names; `queue` is set for the kind of that name. It holds no secret."""

    name: str
    id: str
    kind: FunctionKind
    queue: str | None = None
    aliases: tuple[str, ...] = ()


class FunctionDirectory(Protocol):
    """Announcements of executors, each until it expires. All methods raise `Unavailable`."""

    async def announce(
        self, holder: str, functions: Sequence[KnownFunction], *, ttl_ms: int
    ) -> None:
        """Replace the announcement of an executor.

        Args:
            holder: Names the executor's process.
            functions: Everything that it can call.
            ttl_ms: How long the announcement lasts without being repeated.
        """
        ...

    async def withdraw(self, holder: str) -> None:
        """End the announcement of an executor; it may have ended already."""
        ...

    async def report_waiting(self, holder: str, waiting: Mapping[str, int]) -> None:
        """Replace the numbers of calls that wait at an executor, by tenant; it was announced."""
        ...

    async def waiting(self, tenant: str) -> int:
        """Return how many calls of a tenant wait at all executors that are announced."""
        ...

    async def announced(self) -> Sequence[Sequence[KnownFunction]]:
        """Return the functions of each executor whose announcement hasn't expired."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionOverview:
    """The functions of all executors, each once and sorted by name, and the number of executors."""

    functions: tuple[KnownFunction, ...]
    executors: int


@dataclass(slots=True)
class KnownFunctions:
    """The functions of the executor in this process, if it has one, and of all others.

    Args:
        directory: The announcements of a shared store; None where one process has it to itself.
        own: The functions of this process's executor, None without one; the executor sets them.
    """

    directory: FunctionDirectory | None = None
    own: tuple[KnownFunction, ...] | None = None

    async def overview(self) -> FunctionOverview:
        """Return all functions as of now; raises `Unavailable`."""
        executors: Sequence[Sequence[KnownFunction]] = []
        if self.directory is not None:
            executors = await self.directory.announced()
        if not executors and self.own is not None:
            executors = [self.own]
        known = {function for functions in executors for function in functions}
        found = tuple(sorted(known, key=lambda one: (one.name, one.id)))
        return FunctionOverview(functions=found, executors=len(executors))
