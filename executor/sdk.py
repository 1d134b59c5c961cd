"""The SDK of function authors: `from baton import function, StepContext, …`.

It imports the standard library only, so importing it is fast and starts nothing.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, overload

Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]
F = TypeVar("F", bound=Callable[..., object])

MARK = "__baton_function__"
"""The attribute of a marked function that holds its `Mark`."""
_MAX_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The arguments of the `@function` decorator."""

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
    id: str | None = None,  # noqa: A002 - a public name
    aliases: Sequence[str] = (),
    pool: Literal["process"] | None = None,
    limit: int | None = None,
) -> F | Callable[[F], F]:
    """Mark a function that the steps of a run can call.

    The function takes `(payload, context)`, `(payload)` or nothing, and returns any JSON value or a
    `StepResult`. It stays an ordinary function that tests can call.

        @function("charge", limit=20)
        async def charge(payload: dict, context: StepContext) -> dict:
            amount = payload["input"]["amount"]
            return {"amount": amount, "reference": context.idempotency_key}

    An `async def` runs on the event loop and must not block it. A `def` runs in a thread. With
    `pool="process"` either runs in a separate process.

    Args:
        name: The name that steps use; default: the function's own. `@function` needs no brackets
            if no other argument is given.
        id: A further id that steps may use. If it is a UUID it becomes the function's UUID, else
            the UUID is derived from the name.
        aliases: Further ids that steps may use.
        pool: `"process"` for work that is heavy on the processor or may crash.
        limit: How many calls of the function may be in flight at once in one executor.

    Raises ValueError for a name, pool or limit that is not allowed, and TypeError for aliases that
    are one text.
    """
    if callable(name):
        return _attach_mark(name, Mark(name=_own_name(name)))
    _check_declaration(name, pool, limit)
    if isinstance(aliases, str):
        raise TypeError("a function's aliases are a list of texts, not one text")

    def mark(target: F) -> F:
        declared = _own_name(target) if name is None else name
        return _attach_mark(
            target, Mark(name=declared, id=id, aliases=tuple(aliases), pool=pool, limit=limit)
        )

    return mark


def _check_declaration(name: str | None, pool: str | None, limit: int | None) -> None:
    if name is not None and not (0 < len(name) <= _MAX_NAME_LENGTH and name.isprintable()):
        raise ValueError(f"a function's name has 1 to {_MAX_NAME_LENGTH} printable characters")
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
    """The output of a step together with a patch of the run's shared context.

        return StepResult(output={"amount": 12}, context={"paid": True})

    Attributes:
        output: Any JSON value, at most 1 MiB.
        context: Members to set in the shared context, which later steps get as
            `payload["context"]`; other members keep their values. None changes nothing.
    """

    output: Any = None
    context: dict[str, Any] | None = None


class NonRetryableError(Exception):
    """Fails the step at once, although its retry policy would allow further attempts.

        raise NonRetryableError("the card has expired", code="CARD_EXPIRED")

    Args:
        message: Shown as the error message of the step.
        code: Shown as the error code of the step; default: the name of the exception's class.
    """

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class AttemptOver(Exception):
    """Raised by `heartbeat` when the attempt has timed out or was cancelled.

    Let it pass, so that the thread becomes free: the outcome of the attempt will be ignored.
    """


def _ignore_progress(_progress: object) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """Describes the attempt that a function performs.

    Tests make one by hand; `log` and `report` may be left out:

        StepContext(run_id="r", step_id="charge", attempt=1, tenant="demo",
                    idempotency_key="r.charge.1", deadline=0)

    Attributes:
        run_id: The id of the run.
        step_id: The id of the step in the definition.
        attempt: Counts the attempts at the step, from 1.
        tenant: The tenant that the run belongs to.
        idempotency_key: The same for all attempts at the step. Pass it to any service whose action
            must not happen twice: an attempt may run again after a crash.
        deadline: The instant at which the attempt times out, in milliseconds since the epoch, UTC.
        traceparent: W3C trace context of the request that started the run, if it had one.
        log: A logger whose lines carry the ids above.
        report: Called with the progress of each heartbeat; Baton sets it.
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
        """Report that the attempt makes progress. The timeout stays the same.

        Args:
            progress: Any JSON value, for example `{"line": 1200}`. Another object is left out.

        Raises AttemptOver in a thread whose attempt has timed out or was cancelled: a thread can't
        be stopped from outside.
        """
        self.report(progress)
