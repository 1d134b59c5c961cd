"""The counters of an executor, shown on /metrics."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Totals since the executor was created.

    Attributes:
        runs_started: Requested runs that it started.
        steps_performed: Attempts for which it called a function.
        late_outcomes_refused: Outcomes that arrived after the attempt had timed out, was cancelled
            or was taken over.
        runs_taken_over: Unfinished runs that it took over from another executor.
        functions_left_behind: Functions that ignored the cancellation of their attempt.
        runs_lost_to_another: Runs that it abandoned to another executor.
    """

    runs_started: int = 0
    steps_performed: int = 0
    late_outcomes_refused: int = 0
    runs_taken_over: int = 0
    functions_left_behind: int = 0
    runs_lost_to_another: int = 0
