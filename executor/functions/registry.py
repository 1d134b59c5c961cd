"""The registry of functions: finds the function that a step refers to.

A function has a name and a UUID, and may have other ids; a step refers to it by any of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from uuid import UUID

from baton.domain.ids import function_uuid
from baton.executor.functions.arguments import Convert
from baton.executor.functions.call import PerformCall

DEFAULT_HTTP_TIMEOUT_MS = 30_000
"""The timeout of one request to a function behind a URL, in ms."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Named:
    """A function's name, its UUID, and the further ids that steps may use."""

    name: str
    id: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueueFunction(_Named):
    """A function that the workers of `queue` perform, in any programming language."""

    queue: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Called(_Named):
    """A function that the executor calls, at most `limit` times at once; None is the default."""

    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PythonFunction(_Called):
    """A function marked with `@function`.

    Attributes:
        run: The function itself.
        runs_in: The event loop, a thread or a process.
        arity: The number of parameters it takes of `(payload, context)`: 0, 1 or 2.
        origin: The file or module that a process loads it from.
        convert: Makes the first argument from the payload; None passes the payload itself.
    """

    run: Callable[..., object]
    runs_in: Literal["loop", "thread", "process"]
    arity: int
    origin: str
    convert: Convert | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HttpFunction(_Called):
    """A function behind a URL; with a `secret` its requests are signed (Standard Webhooks)."""

    url: str
    timeout_ms: int = DEFAULT_HTTP_TIMEOUT_MS
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuiltIn(_Called):
    """A function that Baton provides; it reads the payload in place and must not change it."""

    perform: PerformCall


Function: TypeAlias = PythonFunction | HttpFunction | QueueFunction | BuiltIn


class FunctionNameTaken(Exception):
    """Two functions claim the same name or id; the message names both functions."""


class Registry:
    """Functions by every reference to them. A user's function hides a built-in of the same name."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        self._built_in: dict[str, Function] = {}

    def add(self, function: Function) -> None:
        """Register `function` by its name and all its ids; raises FunctionNameTaken."""
        _claim(self._built_in if isinstance(function, BuiltIn) else self._functions, function)

    def find(self, reference: str) -> Function | None:
        """Return the function that `reference` names: a name, a UUID in any form or another id."""
        function = self._exact(reference)
        if function is None and (uuid := _canonical_uuid(reference)) not in {None, reference}:
            return self._exact(str(uuid))
        return function

    def names(self) -> list[str]:
        """Return the names of all functions, sorted."""
        return sorted({function.name for function in self})

    def __iter__(self) -> Iterator[Function]:
        """Iterate over the functions, each one once."""
        yield from dict.fromkeys((*self._functions.values(), *self._built_in.values()))

    def _exact(self, reference: str) -> Function | None:
        return self._functions.get(reference) or self._built_in.get(reference)


def function_identity(name: str, declared: str | None) -> tuple[str, tuple[str, ...]]:
    """Return a function's UUID and its aliases, from the id that its declaration gives.

    A declared UUID is used as it is. Any other id becomes an alias, and the UUID is derived from
    the name.
    """
    if declared is None:
        return function_uuid(name), ()
    uuid = _canonical_uuid(declared)
    return (uuid, ()) if uuid else (function_uuid(name), (declared,))


def _canonical_uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _claim(functions: dict[str, Function], function: Function) -> None:
    references = dict.fromkeys((function.name, function.id, *function.aliases))
    for reference in references:
        if (other := functions.get(reference)) is not None:
            raise FunctionNameTaken(
                f"{reference!r} is claimed twice: by {_where(other)} and by {_where(function)}"
            )
    functions.update(dict.fromkeys(references, function))


def _where(function: Function) -> str:
    match function:
        case PythonFunction():
            return f"{function.name!r} of {function.origin}"
        case HttpFunction():
            return f"{function.name!r} at {function.url.partition('?')[0]}"
        case QueueFunction():
            return f"{function.name!r} of queue {function.queue}"
        case BuiltIn():
            return f"the built-in {function.name!r}"
