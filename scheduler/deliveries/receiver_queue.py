"""The deliveries that are due for one receiver, and the slots in which they are sent."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from baton.protocols.webhook_post import Answer
from baton.scheduler.deliveries.circuit import Circuit
from baton.scheduler.deliveries.pending_deliveries import Pending

SLOTS: Final = 20
"""Requests that one receiver gets at the same time."""

_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500


@dataclass(slots=True, eq=False)
class ReceiverQueue:
    """The due deliveries of one registration, the first one due first; `sending` counts requests.

    `stream` is that of the registration.
    """

    stream: str
    circuit: Circuit
    due: deque[Pending] = field(default_factory=deque)
    sending: int = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is due, sent or to be remembered of the receiver."""
        return not self.due and not self.sending and not self.circuit.troubled

    def take(self, now: int) -> Pending | None:
        """Return the next delivery to send now, None if it has to wait."""
        if not self.due or self.sending >= SLOTS or self.circuit.wait_ms(now) != 0:
            return None
        self.sending += 1
        return self.due.popleft()

    def take_expired(self, before: int) -> list[Pending]:
        """Remove and return deliveries that wait for an open circuit and began before a time."""
        if not self.circuit.is_open:
            return []
        expired = [one for one in self.due if one.begun_at < before]
        if expired:
            self.due = deque(one for one in self.due if one.begun_at >= before)
        return expired

    def release(self, now: int, answer: Answer | None, *, probe: bool) -> None:
        """Free a slot and judge the receiver by its answer, None if it wasn't asked."""
        self.sending -= 1
        if answer is None:
            if probe:
                self.circuit.abandon()
        elif _is_usable(answer):
            self.circuit.succeeded()
        else:
            self.circuit.failed(now, probe=probe)


def _is_usable(answer: Answer) -> bool:
    """Return whether the receiver works: it takes messages, or refuses this one for good."""
    if answer.error is None:
        return True
    status = answer.status
    return status is not None and status < _SERVER_ERRORS and status != _TOO_MANY
