"""The evaluation of a decision: each case and condition, with the compared values."""

from baton.domain.frozen import frozen
from baton.domain.json import Json


@frozen
class ConditionEvaluation:
    """The evaluation of one condition; `error` is the reason if the values can't be compared."""

    path: str
    operator: str
    matched: bool
    path_exists: bool
    expected: Json = None
    value_path: str | None = None
    actual: Json = None
    error: str | None = None


@frozen
class CaseEvaluation:
    """The evaluation of one case, which matches if all its conditions hold.

    `next` is the step that follows when the case matches; None ends the run.
    """

    case_index: int
    next: str | None
    matched: bool
    conditions: tuple[ConditionEvaluation, ...]


@frozen
class DecisionResult:
    """The outcome of a decision: the first matching case, and the next step (None ends the run)."""

    evaluated_cases: int
    evaluations: tuple[CaseEvaluation, ...]
    matched_case_index: int | None = None
    selected: str | None = None
