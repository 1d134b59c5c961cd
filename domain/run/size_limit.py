"""The limit of a run's data: a step whose output would exceed it fails."""

from typing import Final

from baton.domain.run.outcome import Error, Failed, Outcome, Succeeded

MAX_RUN_BYTES: Final = 64 * 1024 * 1024
"""The size that the input, the context patches and all outputs of a run may have, in bytes of JSON.
"""
RUN_TOO_LARGE: Final = "RUN_TOO_LARGE"


def within_limit(outcome: Outcome, size: int, limit: int) -> Outcome:
    """Return the outcome, or a failure if its data would make the run too large.

    Args:
        outcome: The outcome of an attempt.
        size: The size of the run's recorded data, in bytes of JSON.
        limit: The largest size; 0 means no limit.
    """
    if not isinstance(outcome, Succeeded) or not 0 < limit < size + outcome.size:
        return outcome
    message = (
        f"The run's input, context and outputs would take {size + outcome.size} bytes;"
        f" the limit is {limit}"
    )
    error = Error(code=RUN_TOO_LARGE, message=message)
    return Failed(error=error, retryable=False, logs=outcome.logs)
