"""The report of a backtest: counts, groups of equal differences, and the runs that differ."""

from dataclasses import dataclass, field
from typing import Final

from baton.domain.backtest.comparison import Comparison, Verdict
from baton.domain.frozen import frozen

MAX_EXAMPLES: Final = 20
"""Runs that a group names."""
MAX_ITEMS: Final = 10_000
"""Runs that a report lists by default; the counts and groups are of all of them."""
MAX_GROUPS: Final = 1_000
"""Groups of a report; further differences are counted, but in no group."""


@frozen
class Group:
    """A difference that runs share: its step, and the results as they were and as they would be.

    `was` is None for runs whose replay stopped or failed, and `would_be` then says why.
    """

    step_id: str | None
    was: str | None
    would_be: str


@dataclass(slots=True)
class Members:
    """The runs of a group: their number, and the ids of the first of them."""

    count: int = 0
    examples: list[str] = field(default_factory=list)


class Report:
    """The findings of a backtest so far.

    `counts` are the runs by their verdict, `groups` the runs of each difference. `items` are the
    first `max_items` runs whose verdict isn't "same", and `omitted` the number of the others.
    """

    __slots__ = ("_max_items", "counts", "groups", "items", "omitted")

    def __init__(self, *, max_items: int = MAX_ITEMS) -> None:
        self._max_items = max_items
        self.counts: dict[Verdict, int] = dict.fromkeys(
            ("same", "differs", "unknown", "notComparable", "error"), 0
        )
        self.groups: dict[Group, Members] = {}
        self.items: list[Comparison] = []
        self.omitted = 0

    @property
    def runs(self) -> int:
        """The number of runs that were looked at."""
        return sum(self.counts.values())

    def add_same(self, runs: int) -> None:
        """Count runs that go the way that they went."""
        self.counts["same"] += runs

    def add(self, found: Comparison) -> None:
        """Count a run, and list it unless it goes the way that it went."""
        self.counts[found.verdict] += 1
        if found.verdict == "same":
            return
        self._add_to_group(found)
        if len(self.items) < self._max_items:
            self.items.append(found)
        else:
            self.omitted += 1

    def _add_to_group(self, found: Comparison) -> None:
        group = _group_of(found)
        if group not in self.groups and len(self.groups) >= MAX_GROUPS:
            return
        members = self.groups.setdefault(group, Members())
        members.count += 1
        if len(members.examples) < MAX_EXAMPLES:
            members.examples.append(found.run_id)


def _group_of(found: Comparison) -> Group:
    if found.first is not None:
        first = found.first
        return Group(step_id=first.step_id, was=first.was, would_be=first.would_be)
    if found.unknown is not None:
        would_be = f"unknown after {found.unknown}"
        return Group(step_id=found.unknown, was=None, would_be=would_be)
    return Group(step_id=None, was=None, would_be=found.reason or found.verdict)
