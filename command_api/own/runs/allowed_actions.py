"""The actions that a run takes now, and why it refuses the others."""

from collections.abc import Mapping
from typing import Final, TypeAlias, get_args

from pydantic import BaseModel

from baton.command_api.http.rejection_texts import text_of
from baton.domain.run.control.actions import Action, refusal_of
from baton.projector.views.runs.view import Document as Run

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
_UNCHANGED: Final[Mapping[str, Action]] = {"cancelled": "cancel", "paused": "pause"}
"""The action that changes nothing, by the status of a run."""


class Refused(BaseModel):
    """An action that the run doesn't take now; `why` is a sentence."""

    allowed: bool
    why: str


Allowed: TypeAlias = bool | Refused


class RunActions(BaseModel):
    """The actions on a run: true for one that it takes."""

    cancel: Allowed
    pause: Allowed
    resume: Allowed
    retry: Allowed


def render_actions(run: Run) -> dict[str, object]:
    """Return the actions with the members of `RunActions`, by the rules of the commands."""
    return {action: _allowed(action, run) for action in ACTIONS}


def _allowed(action: Action, run: Run) -> object:
    refusal = refusal_of(action, run.status, reopenable=run.reopenable)
    if refusal is not None:
        return {"allowed": False, "why": text_of(refusal)}
    if _UNCHANGED.get(run.status) == action:
        return {"allowed": False, "why": f"The run is {run.status} already"}
    return True
