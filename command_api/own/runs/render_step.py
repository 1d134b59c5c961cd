"""One record of a run's history (an attempt, a decision, a delay) as Baton's own API shows it."""

from pydantic import BaseModel

from baton.command_api.dialect.rendering import optional_time, without_none
from baton.command_api.dialect.run_values import ShownValue
from baton.domain.artifact import Artifact
from baton.domain.conditions.evaluation import CaseEvaluation, ConditionEvaluation, DecisionResult
from baton.domain.json import JsonObject
from baton.domain.run.outcome import Error
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.run_steps.view import Status


class StepError(BaseModel):
    """The reason of a failed attempt; `stack` is the function's own traceback."""

    code: str
    message: str
    stack: str | None = None


class StepRecord(BaseModel):
    """An attempt, a decision, a delay or a join in the history of a run.

    `executionId` identifies the record within the tenant. `stepId` is an address: text without a
    meaning of its own, which names a step of the definition.
    """

    executionId: str  # noqa: N815 - the names of the JSON
    stepId: str  # noqa: N815
    visit: int
    attempt: int
    kind: str
    status: Status
    function: str | None = None
    startedAt: str | None = None  # noqa: N815
    completedAt: str | None = None  # noqa: N815
    delayMs: int | None = None  # noqa: N815
    resumeAt: str | None = None  # noqa: N815
    resumedAt: str | None = None  # noqa: N815
    decision: dict[str, object] | None = None
    error: StepError | None = None
    warning: str | None = None
    logsRef: str | None = None  # noqa: N815
    output: ShownValue = None


_PRESENCE_OPERATORS = frozenset(("exists", "notExists"))


def render_step(step: Step) -> JsonObject:
    """Return the record without the members that have no value; an output may be null."""
    shown = without_none(
        {
            "executionId": step.execution_id,
            "stepId": step.step_id,
            "visit": step.visit,
            "attempt": step.attempt,
            "kind": step.kind,
            "status": step.status,
            "function": step.function,
            "startedAt": optional_time(step.started_at),
            "completedAt": optional_time(step.completed_at),
            "delayMs": step.delay_ms,
            "resumeAt": optional_time(step.resume_at),
            "resumedAt": optional_time(step.resumed_at),
            "decision": None if step.decision is None else _decision(step.decision),
            "error": None if step.error is None else _error(step.error),
            "warning": step.warning,
            "copied": True if step.cause == "copy" else None,
            "logsRef": step.logs.sha256 if isinstance(step.logs, Artifact) else None,
        }
    )
    if step.kind == "compute" and step.status == "succeeded":
        shown["output"] = step.output
    return shown


def _error(error: Error) -> JsonObject:
    return without_none({"code": error.code, "message": error.message, "stack": error.stack})


def _decision(result: DecisionResult) -> JsonObject:
    return without_none(
        {
            "evaluatedCases": result.evaluated_cases,
            "matchedCaseIndex": result.matched_case_index,
            "next": result.selected,
            "evaluations": [render_case(case) for case in result.evaluations],
        }
    )


def render_case(case: CaseEvaluation) -> JsonObject:
    """Return a case of a decision with the evaluation of each condition."""
    return {
        "caseIndex": case.case_index,
        "next": case.next,
        "matched": case.matched,
        "conditions": [_condition(condition) for condition in case.conditions],
    }


def _condition(condition: ConditionEvaluation) -> JsonObject:
    """Return the comparison with both values; either may be null, so None doesn't leave it out."""
    shown: JsonObject = {"path": condition.path, "operator": condition.operator}
    if condition.operator not in _PRESENCE_OPERATORS:
        shown["expected"] = condition.expected
    if condition.path_exists:
        shown["actual"] = condition.actual
    more = {"valuePath": condition.value_path, "error": condition.error}
    flags = {"pathExists": condition.path_exists, "matched": condition.matched}
    return {**shown, **flags, **without_none(more)}
