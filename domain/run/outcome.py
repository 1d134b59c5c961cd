"""The outcome of an attempt of a step, and the fencing token that identifies the attempt.

`logs` of an outcome are the lines that the function logged during the attempt, None for no lines.
"""

from dataclasses import field
from typing import NamedTuple, TypeAlias

from baton.domain.artifact import Artifact
from baton.domain.frozen import frozen
from baton.domain.json import Json, JsonObject


@frozen
class Error:
    """The reason why a step or a run failed; `stack` is the traceback of the user's function."""

    code: str
    message: str
    stack: str | None = None


class Token(NamedTuple):
    """The fencing token of one attempt: an outcome is accepted only with the current token."""

    step_id: str
    visit: int
    attempt: int


@frozen
class Succeeded:
    """The function returned `output`; `context` is merged into the context of the run.

    `size` is the size of both, in bytes of JSON; 0 if it isn't known yet.
    """

    output: Json = None
    context: JsonObject | None = None
    warning: str | None = None
    size: int = field(default=0, compare=False)
    logs: Artifact | None = None


@frozen
class Failed:
    """The function failed; `jitter` in [0, 1] spreads the backoff before the next attempt."""

    error: Error
    retryable: bool = True
    jitter: float = 1.0
    logs: Artifact | None = None


@frozen
class TimedOut:
    """The attempt passed its deadline; `jitter` is as in `Failed`."""

    jitter: float = 1.0
    logs: Artifact | None = None


Outcome: TypeAlias = Succeeded | Failed | TimedOut
