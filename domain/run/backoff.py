"""How long a failed attempt waits for the next: exponential, capped, with full jitter."""

from baton.domain.definition.graph import Retry

CAP_MS = 300_000


def backoff_ms(retry: Retry, failures: int, jitter: float) -> int:
    """Return the wait after the `failures`-th failure; `jitter` in [0, 1] picks within it.

    Full jitter as in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
    """
    # The exponent is bounded so that a huge count cannot overflow before the cap applies.
    ceiling = min(CAP_MS, retry.backoff_ms * retry.multiplier ** min(failures - 1, 64))
    return int(ceiling * jitter)
