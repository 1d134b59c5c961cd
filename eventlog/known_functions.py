"""The functions that can be called now: functions of this process, and announced ones.

Executors that share a store announce their functions in its directory; the port is
`FunctionDirectory`. A process with a store of its own needs no directory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

FunctionKind: TypeAlias = Literal["python", "http", "queue", "builtin"]
"""The place of a function: an executor process, a URL, remote workers, or Baton itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFunction:
    """A function by its names; `queue` is set for the kind "queue". It holds no secret."""

    name: str
    id: str
    kind: FunctionKind
    queue: str | None = None
    aliases: tuple[str, ...] = ()


class FunctionDirectory(Protocol):
    """The announcements of executors, each until it expires. All methods raise `Unavailable`."""

    async def announce(
        self, holder: str, functions: Sequence[KnownFunction], *, ttl_ms: int
    ) -> None:
        """Replace the announcement of an executor.

        Args:
            holder: Names the executor's process.
            functions: All functions that it can call.
            ttl_ms: The time after which the announcement expires unless it is repeated.
        """
        ...

    async def withdraw(self, holder: str) -> None:
        """End the announcement of an executor, if it hasn't ended already."""
        ...

    async def report_waiting(self, holder: str, waiting: Mapping[str, int]) -> None:
        """Replace the number of waiting calls, by tenant, of an announced executor."""
        ...

    async def waiting(self, tenant: str) -> int:
        """Return how many calls of a tenant wait at all announced executors."""
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
    """The functions of the executor in this process, if it has one, and of all other executors.

    Args:
        directory: The announcements of a shared store; None for a process with a store of its own.
        own: The functions of this process's executor, None without an executor; the executor sets
            them.
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
        functions_of_all = {function for functions in executors for function in functions}
        ordered = tuple(sorted(functions_of_all, key=lambda function: (function.name, function.id)))
        return FunctionOverview(functions=ordered, executors=len(executors))
