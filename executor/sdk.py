"""What a function's author imports, as `from baton import function, StepContext, …`.

Standard library only: importing it starts nothing and costs nothing.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, overload

Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]
F = TypeVar("F", bound=Callable[..., object])

MARK = "__baton_function__"
_MAX_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What `@function` says about a function; it sits on the function under `MARK`."""

    name: str
    id: str | None = None
    aliases: tuple[str, ...] = ()
    pool: Literal["process"] | None = None
    limit: int | None = None


@overload
def function(name: F, /) -> F: ...


@overload
def function(
    name: str | None = None,
    /,
    *,
    id: str | None = None,
    aliases: Sequence[str] = (),
    pool: Literal["process"] | None = None,
    limit: int | None = None,
) -> Callable[[F], F]: ...


def function(
    name: F | str | None = None,
    /,
    *,
    id: str | None = None,  # noqa: A002 - the author's word for it
    aliases: Sequence[str] = (),
    pool: Literal["process"] | None = None,
    limit: int | None = None,
) -> F | Callable[[F], F]:
    """Declare a function that steps can call by `name` (default: its own), `id` or an alias.

    An `async def` runs on the event loop, a `def` in a thread, either with `pool="process"` in a
    process of its own. `limit` bounds how many calls of it are under way at once. The function
    gets `(payload, context)`, or only the payload, or nothing, as it has parameters. It stays an
    ordinary function. Raises ValueError for a declaration that makes no sense.
    """
    if callable(name):
        return _attach_mark(name, Mark(name=_own_name(name)))
    _check_declaration(name, pool, limit)

    def mark(target: F) -> F:
        declared = _own_name(target) if name is None else name
        return _attach_mark(
            target, Mark(name=declared, id=id, aliases=tuple(aliases), pool=pool, limit=limit)
        )

    return mark


def _check_declaration(name: str | None, pool: str | None, limit: int | None) -> None:
    if name is not None and not (0 < len(name) <= _MAX_NAME_LENGTH and name.isprintable()):
        raise ValueError(f"a function's name is 1 to {_MAX_NAME_LENGTH} printable characters")
    if pool not in {None, "process"}:
        raise ValueError(f'a function\'s pool is "process" or left out, not {pool!r}')
    if limit is not None and limit < 1:
        raise ValueError("a function's limit is at least 1")


def _own_name(target: Callable[..., object]) -> str:
    return str(getattr(target, "__name__", type(target).__name__))


def _attach_mark(target: F, mark: Mark) -> F:
    setattr(target, MARK, mark)
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """An output together with a patch of the run's shared context."""

    output: Any = None
    context: dict[str, Any] | None = None


class NonRetryableError(Exception):
    """Trying again would not help: the step fails at once. `code` is shown as the error's code."""

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class AttemptOver(Exception):
    """Nobody waits for this attempt any more (timeout, cancel): stop working on it."""


def _ignore_progress(_progress: object) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What a function may know of the attempt it performs.

    `idempotency_key` is stable over attempts: hand it to whatever must not happen twice. `deadline`
    is milliseconds since the epoch, UTC. `log` writes lines that carry the run's ids.
    """

    run_id: str
    step_id: str
    attempt: int
    tenant: str
    idempotency_key: str
    deadline: int
    traceparent: str | None = None
    log: Logger = field(default_factory=lambda: logging.getLogger("baton.functions"), repr=False)
    report: Callable[[object], None] = field(default=_ignore_progress, repr=False)

    def heartbeat(self, progress: object = None) -> None:
        """Show that work goes on, and how far it is (any JSON value).

        Raises AttemptOver where the function runs in a thread and nobody waits for it any more: a
        thread cannot be stopped from outside.
        """
        self.report(progress)
