"""The actions of `baton bulk`, with the same options as the verbs for a single run."""

from collections.abc import Mapping
from typing import Any

from baton.cli.options import Reason
from baton.cli.server.control.pause import CancelAttempts, Timers, TimersOption, pause_body
from baton.cli.server.control.rerun import (
    ContextPatch,
    From,
    InputPatch,
    Outputs,
    Version,
    rerun_body,
)


def cancel(reason: Reason = None) -> Mapping[str, Any]:
    """Cancel runs: running steps are cancelled, and no new step starts."""
    return {} if reason is None else {"reason": reason}


def rerun(
    start: From = "start",
    version: Version = "pinned",
    input_patch: InputPatch = None,
    context_patch: ContextPatch = None,
    outputs: Outputs = None,
    reason: Reason = None,
) -> Mapping[str, Any]:
    """Run runs again, each as a new run."""
    return rerun_body(
        start=start,
        version=version,
        input_patch=input_patch,
        context_patch=context_patch,
        outputs=outputs,
        reason=reason,
    )


def pause(reason: Reason = None, cancel: CancelAttempts = False) -> Mapping[str, Any]:
    """Pause runs: no step starts and no delay ends until they are resumed."""
    return pause_body(reason, cancel=cancel)


def resume(timers: TimersOption = Timers.FIRE) -> Mapping[str, Any]:
    """Resume paused runs."""
    return {"timers": timers.value}
