"""Which functions there are, and which one a reference means.

A function has a name and a UUID, and may have other ids; a step refers to it by any of them.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from uuid import UUID

from baton.domain.ids import function_uuid
from baton.executor.functions.call import Call, CallOutcome

DEFAULT_HTTP_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PythonFunction:
    """A function of the SDK; `origin` (a file or a module) is where a process finds it again."""

    name: str
    id: str
    run: Callable[..., object]
    runs_in: Literal["loop", "thread", "process"]
    arity: int
    origin: str
    aliases: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HttpFunction:
    """A function behind a URL; with a `secret` its requests are signed (Standard Webhooks)."""

    name: str
    id: str
    url: str
    aliases: tuple[str, ...] = ()
    timeout_ms: int = DEFAULT_HTTP_TIMEOUT_MS
    secret: str | None = field(default=None, repr=False)
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuiltIn:
    """A function that Baton brings along; it may read the payload but not change it."""

    name: str
    id: str
    perform: Callable[[Call], Awaitable[CallOutcome]]
    aliases: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueueFunction:
    """A function of the workers that serve `queue`, in whatever language they are written."""

    name: str
    id: str
    queue: str
    aliases: tuple[str, ...] = ()


Function: TypeAlias = PythonFunction | HttpFunction | QueueFunction | BuiltIn


class FunctionNameTaken(Exception):
    """Two functions claim one name or id; the message names them."""


class Registry:
    """Functions by every reference to them.

    A tenant's own functions are found by that tenant alone and before those of everybody; built-ins
    are found last, so that a function of the same name takes their place.
    """

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        self._of_tenant: dict[str, dict[str, Function]] = {}
        self._built_in: dict[str, Function] = {}

    def add(self, function: Function) -> None:
        """Make `function` known to everybody; raises FunctionNameTaken."""
        _claim(self._built_in if isinstance(function, BuiltIn) else self._functions, function)

    def put(self, function: Function, *, tenant: str) -> None:
        """Make `function` known to `tenant`, in place of the tenant's one of that name, if any.

        Raises FunctionNameTaken when another function of the tenant has one of its ids.
        """
        mine = dict(self._of_tenant.get(tenant, {}))
        _forget(mine, function.name)
        _claim(mine, function)
        self._of_tenant[tenant] = mine

    def remove(self, name: str, *, tenant: str) -> None:
        """Forget the tenant's own function of that name."""
        _forget(self._of_tenant.get(tenant, {}), name)

    def find(self, reference: str, tenant: str) -> Function | None:
        """Return the function that `reference` (a name, a UUID, an id) means to `tenant`."""
        found = self._exactly(reference, tenant)
        if found is None and (uuid := _canonical_uuid(reference)) not in {None, reference}:
            return self._exactly(str(uuid), tenant)
        return found

    def names(self, tenant: str) -> list[str]:
        """Return the names that `tenant` can refer to, sorted."""
        return sorted({function.name for function in self._visible(tenant)})

    def __iter__(self) -> Iterator[Function]:
        for functions in (*self._of_tenant.values(), self._functions, self._built_in):
            yield from functions.values()

    def _exactly(self, reference: str, tenant: str) -> Function | None:
        if self._of_tenant and (mine := self._of_tenant.get(tenant)) and reference in mine:
            return mine[reference]
        return self._functions.get(reference) or self._built_in.get(reference)

    def _visible(self, tenant: str) -> Iterator[Function]:
        for functions in (self._of_tenant.get(tenant, {}), self._functions, self._built_in):
            yield from functions.values()


def function_identity(name: str, given: str | None) -> tuple[str, tuple[str, ...]]:
    """Return a function's UUID and what else its given id makes it known as."""
    if given is None:
        return function_uuid(name), ()
    uuid = _canonical_uuid(given)
    return (uuid, ()) if uuid else (function_uuid(name), (given,))


def _canonical_uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _claim(functions: dict[str, Function], function: Function) -> None:
    references = {function.name, function.id, *function.aliases}
    for reference in sorted(references):
        if (other := functions.get(reference)) is not None:
            raise FunctionNameTaken(
                f"{reference!r} is claimed twice: by {_where(other)} and by {_where(function)}"
            )
    functions.update(dict.fromkeys(references, function))


def _forget(functions: dict[str, Function], name: str) -> None:
    for reference in [key for key, function in functions.items() if function.name == name]:
        del functions[reference]


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
