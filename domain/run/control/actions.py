"""The actions on a run that its status allows, and the refusals of the others."""

from typing import Final, Literal, TypeAlias, assert_never

from baton.domain.errors import InConflict
from baton.domain.run.state import FINAL

Action: TypeAlias = Literal["cancel", "pause", "resume", "retry"]
REOPENED: Final = frozenset(("failed", "cancelled"))
"""The statuses of runs that may be retried."""


def refusal_of(action: Action, status: str, *, reopenable: bool = False) -> InConflict | None:
    """Return why a run of this status refuses an action, None if it accepts the action.

    Cancelling a cancelled run and pausing a paused run are accepted and change nothing.

    Args:
        action: The action.
        status: The status of the run.
        reopenable: Whether the run has a failed or cancelled step, or was cancelled before its
            first one.
    """
    match action:
        case "cancel":
            ended = status in FINAL and status != "cancelled"
            return InConflict("run_ended", status=status) if ended else None
        case "pause":
            return InConflict("run_ended", status=status) if status in FINAL else None
        case "resume":
            return None if status == "paused" else InConflict("run_not_paused", status=status)
        case "retry":
            may = reopenable and status in REOPENED
            return None if may else InConflict("nothing_to_retry")
    assert_never(action)
