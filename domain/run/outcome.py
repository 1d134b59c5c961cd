"""How an attempt of a step ended, and the token that names the attempt."""

from typing import NamedTuple, TypeAlias

from baton.domain.frozen import frozen
from baton.domain.json import Json, JsonObject


@frozen
class Error:
    """Why a step or a run failed; `stack` is the function's own traceback."""

    code: str
    message: str
    stack: str | None = None


class Token(NamedTuple):
    """Names one attempt of one step: the fencing token of its outcome."""

    step_id: str
    visit: int
    attempt: int


@frozen
class Succeeded:
    """The function returned `output` and patches the shared context."""

    output: Json = None
    context: JsonObject | None = None
    warning: str | None = None


@frozen
class Failed:
    """The function failed; `jitter` in [0, 1] spreads the backoff of the next try."""

    error: Error
    retryable: bool = True
    jitter: float = 1.0


@frozen
class TimedOut:
    """The attempt outlived its deadline."""

    jitter: float = 1.0


Outcome: TypeAlias = Succeeded | Failed | TimedOut
