"""Counters of bulks for /metrics."""

from dataclasses import dataclass

from baton.domain.bulk.messages import Item
from baton.domain.bulk.state import Tally


@dataclass(slots=True)
class Counters:
    """The treated runs by outcome since the process started; no decision depends on them."""

    done: int = 0
    unchanged: int = 0
    refused: int = 0
    failed: int = 0

    def add(self, items: tuple[Item, ...]) -> None:
        """Count the outcomes of a report."""
        tally = Tally().plus(items, again=False)
        self.done += tally.done
        self.unchanged += tally.unchanged
        self.refused += tally.refused
        self.failed += tally.failed
