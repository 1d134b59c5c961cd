"""The outcomes that a rerun copies from its source: made from events, and recorded as events."""

from typing import Literal, TypeAlias

from baton.domain.run.advance import Draft
from baton.domain.run.messages.run_events import RunBranched
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    StepCopied,
    StepSkipped,
    StepSucceeded,
    SyncReached,
)
from baton.domain.run.trigger import Branch, CopiedStep

CopiedOutcome: TypeAlias = (
    StepSucceeded | StepSkipped | DecisionTaken | DelayElapsed | SyncReached | StepCopied
)
"""The events whose outcome a rerun can copy."""


def branch_off(draft: Draft, branch: Branch) -> None:
    """Record the outcomes that a rerun copies from its source."""
    draft.emit(
        RunBranched(
            source=branch.source,
            source_version=branch.source_version,
            position=branch.position,
            at=draft.at,
            entry=branch.entry,
            reason=branch.reason,
        )
    )
    for copied in branch.copied:
        draft.emit(
            StepCopied(
                step_id=copied.step_id,
                visit=copied.visit,
                kind=copied.kind,
                at=draft.at,
                status=copied.status,
                output=copied.output,
                decision=copied.decision,
                size=copied.size,
            )
        )


def copy_of(event: CopiedOutcome) -> CopiedStep:
    """Return the outcome that an event records."""
    match event:
        case StepSucceeded():
            return CopiedStep(
                step_id=event.step_id,
                visit=event.visit,
                kind="compute",
                output=event.output,
                size=event.size,
            )
        case StepSkipped():
            return CopiedStep(
                step_id=event.step_id, visit=event.visit, kind=event.kind, status="skipped"
            )
        case DecisionTaken():
            return CopiedStep(
                step_id=event.step_id, visit=event.visit, kind="decision", decision=event.result
            )
        case DelayElapsed() | SyncReached():
            kind: Literal["delay", "sync"] = "delay" if isinstance(event, DelayElapsed) else "sync"
            return CopiedStep(step_id=event.step_id, visit=event.visit, kind=kind)
        case _:
            return copied_before(event)


def copied_before(event: StepCopied) -> CopiedStep:
    """Return an outcome that the run itself copied from its source."""
    return CopiedStep(
        step_id=event.step_id,
        visit=event.visit,
        kind=event.kind,
        status=event.status,
        output=event.output,
        decision=event.decision,
        size=event.size,
    )
