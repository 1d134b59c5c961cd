"""What a decision looked at: every case and condition with the values it saw."""

from baton.domain.frozen import frozen
from baton.domain.json import Json


@frozen
class ConditionEvaluation:
    """One comparison as it came out; `error` says why two values could not be compared."""

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
    """One case: matched when all of its conditions did."""

    case_index: int
    next: str
    matched: bool
    conditions: tuple[ConditionEvaluation, ...]


@frozen
class DecisionResult:
    """The first matching case and where the run goes on; None is the end of the run."""

    evaluated_cases: int
    evaluations: tuple[CaseEvaluation, ...]
    matched_case_index: int | None = None
    selected: str | None = None
