"""A circuit breaker: stops requests to a receiver that doesn't answer, and probes it."""

from typing import Final

FAILURES_TO_OPEN: Final = 10
"""The number of consecutive failures that open the circuit."""
FIRST_OPEN_MS: Final = 5_000
"""The time for which the circuit is open at first, in ms; each failed probe doubles it."""
LONGEST_OPEN_MS: Final = 60_000


class Circuit:
    """The circuit of one receiver: closed, open, or half open (one request probes the receiver).

    Args:
        first_open_ms: The time for which it is open at first.
    """

    __slots__ = ("_failures", "_first_open_ms", "_open_ms", "_open_until", "_probing")

    def __init__(self, *, first_open_ms: int = FIRST_OPEN_MS) -> None:
        self._first_open_ms = max(1, min(first_open_ms, FIRST_OPEN_MS))
        self._failures = 0
        self._open_ms = 0
        self._open_until = 0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether requests must wait, apart from probes."""
        return self._open_ms > 0

    @property
    def troubled(self) -> bool:
        """Whether the last request got no usable answer."""
        return self._failures > 0

    def wait_ms(self, now: int) -> int | None:
        """Return how long a request must wait: 0 for not at all, None until the probe ends."""
        if not self._open_ms:
            return 0
        if self._probing:
            return None
        # The upper bound prevents a clock that was set back from prolonging the wait.
        return min(max(0, self._open_until - now), self._open_ms)

    def begin(self) -> bool:
        """Register the begin of a request; return whether it is a probe."""
        self._probing = self._open_ms > 0
        return self._probing

    def abandon(self) -> None:
        """Cancel the probe, because it wasn't sent after all."""
        self._probing = False

    def succeeded(self) -> None:
        """Close the circuit: the receiver has answered."""
        self._failures = self._open_ms = 0
        self._probing = False

    def failed(self, now: int, *, probe: bool) -> None:
        """Count a request without a usable answer; many of them in a row open the circuit.

        A request that began before the circuit opened doesn't keep it open any longer.
        """
        self._failures += 1
        if probe:
            self._probing = False
            self._open_ms = min(self._open_ms * 2, LONGEST_OPEN_MS) or self._first_open_ms
        elif self._open_ms or self._failures < FAILURES_TO_OPEN:
            return
        else:
            self._open_ms = self._first_open_ms
        self._open_until = now + self._open_ms
