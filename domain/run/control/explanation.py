"""The explanation of a run: the reasons why it doesn't continue yet, and its next events."""

from typing import Literal, TypeAlias

from baton.domain.frozen import frozen
from baton.domain.run.outcome import Error

Code: TypeAlias = Literal[
    "FINISHED",
    "PAUSED",
    "QUEUED",
    "RUNNING",
    "TIMER",
    "BACKOFF",
    "RELEASED",
    "NEEDS",
    "STUCK",
    "DECIDING",
    "SERVER_HELD",
    "NO_EXECUTOR",
    "NO_FUNCTION",
    "NO_SCHEDULER",
    "VIEWS_BEHIND",
]
"""The codes of reasons.

The domain never returns the last six, because the history doesn't contain these reasons: callers
add them. DECIDING is a run whose next events aren't appended yet. Later releases may add codes.
"""


@frozen
class Reason:
    """The reason why a step, or without `step_id` the run itself, doesn't continue yet.

    - `state` is the status of the step or the run, and `since` the time of its last change.
    - `due_at` is the due time of its timer.
    - `of` is the largest number of attempts.
    - `needs` are the steps that it waits for.
    - `last_error` is the failure of the previous attempt.
    - Callers add `executor`, the process that calls the function, and `heartbeat_at`, the time of
      its newest heartbeat.
    """

    code: Code
    text: str
    state: str
    step_id: str | None = None
    since: int | None = None
    due_at: int | None = None
    attempt: int | None = None
    of: int | None = None
    function: str | None = None
    needs: tuple[str, ...] = ()
    last_error: Error | None = None
    executor: str | None = None
    heartbeat_at: int | None = None


@frozen
class NextEvent:
    """An event that continues the run, at `due_at` if it is set."""

    event: str
    step_id: str | None = None
    due_at: int | None = None


@frozen
class Explanation:
    """The reasons why a run doesn't continue yet; `stuck` if no event can continue it."""

    status: str
    because: tuple[Reason, ...]
    next: tuple[NextEvent, ...]
    stuck: bool = False
