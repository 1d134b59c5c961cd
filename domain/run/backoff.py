"""The backoff between attempts: exponential, capped, with full jitter."""

from baton.domain.definition.graph import Retry

CAP_MS = 300_000
"""The longest backoff."""


def backoff_ms(retry: Retry, failures: int, jitter: float) -> int:
    """Return the backoff in milliseconds before the next attempt.

    Full jitter as in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).

    Args:
        retry: The retry policy of the step.
        failures: The number of failures so far, from 1.
        jitter: A random number in [0, 1]: the part of the exponential backoff to wait.
    """
    # The exponent is bounded so that a large count can't overflow before the cap applies.
    ceiling = min(CAP_MS, retry.backoff_ms * retry.multiplier ** min(failures - 1, 64))
    return int(ceiling * jitter)
