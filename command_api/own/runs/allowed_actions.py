"""The actions that a run takes now, and why it refuses the others."""

from collections.abc import Mapping
from functools import cache
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


def render_actions(run: Run) -> Mapping[str, object]:
    """Return the actions with the members of `RunActions`, by the rules of the commands."""
    return _actions_of(run.status, reopenable=run.reopenable)


@cache
def _actions_of(status: str, *, reopenable: bool) -> Mapping[str, object]:
    return {action: _allowed(action, status, reopenable=reopenable) for action in ACTIONS}


def _allowed(action: Action, status: str, *, reopenable: bool) -> object:
    refusal = refusal_of(action, status, reopenable=reopenable)
    if refusal is not None:
        return {"allowed": False, "why": text_of(refusal)}
    if _UNCHANGED.get(status) == action:
        return {"allowed": False, "why": f"The run is {status} already"}
    return True
