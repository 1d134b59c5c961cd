"""The due deliveries of one receiver, and the slots in which they are sent."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from baton.protocols.webhook_post import Answer
from baton.scheduler.deliveries.circuit import Circuit
from baton.scheduler.deliveries.pending_deliveries import Pending

SLOTS: Final = 20
"""The number of concurrent requests to one receiver."""

_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500


@dataclass(slots=True, eq=False)
class ReceiverQueue:
    """The due deliveries of one registration, ordered by due time; `sending` counts requests.

    `stream` is the stream of the registration.
    """

    stream: str
    circuit: Circuit
    due: deque[Pending] = field(default_factory=deque)
    sending: int = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is due or being sent, and no failure must be remembered."""
        return not self.due and not self.sending and not self.circuit.troubled

    def take(self, now: int) -> Pending | None:
        """Return the next delivery to send now, None if it must wait."""
        if not self.due or self.sending >= SLOTS or self.circuit.wait_ms(now) != 0:
            return None
        self.sending += 1
        return self.due.popleft()

    def take_expired(self, before: int) -> list[Pending]:
        """Remove and return deliveries that wait for an open circuit and began before `before`."""
        if not self.circuit.is_open:
            return []
        expired = [pending for pending in self.due if pending.begun_at < before]
        if expired:
            self.due = deque(pending for pending in self.due if pending.begun_at >= before)
        return expired

    def release(self, now: int, answer: Answer | None, *, probe: bool) -> None:
        """Free a slot, and update the circuit by the receiver's answer, None without a request."""
        self.sending -= 1
        if answer is None:
            if probe:
                self.circuit.abandon()
        elif _is_usable(answer):
            self.circuit.succeeded()
        else:
            self.circuit.failed(now, probe=probe)


def _is_usable(answer: Answer) -> bool:
    """Return whether the receiver works: it accepts messages, or refuses this one for good."""
    if answer.error is None:
        return True
    status = answer.status
    return status is not None and status < _SERVER_ERRORS and status != _TOO_MANY
