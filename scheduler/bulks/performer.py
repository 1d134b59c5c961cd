"""The contract of the performer: it performs a bulk's action on one run."""

from typing import Protocol

from baton.domain.bulk.messages import Item
from baton.domain.bulk.state import State


class Performer(Protocol):
    """Performs actions on runs. Performing one again has no further effect."""

    async def perform(self, bulk: State, run_id: str) -> Item:
        """Perform the bulk's action on a run and return the outcome; raises `Unavailable`.

        The outcome is "done" also if an earlier call for this bulk changed the run.
        """
        ...

    async def find_performed(self, bulk: State, run_id: str) -> Item | None:
        """Return the outcome of a run that this bulk changed, None if it didn't.

        Raises `Unavailable`.
        """
        ...
