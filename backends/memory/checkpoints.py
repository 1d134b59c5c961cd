"""Checkpoints in memory, as the eventsourcing library's tracking records."""

from contextlib import suppress

from eventsourcing.persistence import IntegrityError, Tracking
from eventsourcing.popo import POPOTrackingRecorder


class MemoryCheckpoints:
    """Implements `Checkpoints`."""

    def __init__(self) -> None:
        self._recorder = POPOTrackingRecorder()

    async def load(self, name: str) -> int:
        """Return the saved position, 0 when there is none."""
        return self._recorder.max_tracking_id(name) or 0

    async def save(self, name: str, position: int) -> None:
        """Save `position`, unless a greater one is saved."""
        with suppress(IntegrityError):
            self._recorder.insert_tracking(Tracking(name, position))
