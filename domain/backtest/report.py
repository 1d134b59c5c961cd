"""The report of a backtest: counts, groups of equal differences, and the runs that differ."""

from dataclasses import dataclass, field
from typing import Final

from baton.domain.backtest.comparison import Comparison, Verdict
from baton.domain.frozen import frozen

MAX_EXAMPLES: Final = 20
"""The number of run ids that a group lists."""
MAX_ITEMS: Final = 10_000
"""The number of runs that a report lists by default; its counts and groups cover all runs."""
MAX_GROUPS: Final = 1_000
"""The largest number of groups; further differences are only counted."""


@frozen
class Group:
    """A difference that several runs share: its step, and its results as recorded and as replayed.

    `was` is None for runs whose replay stopped or failed; `would_be` then says why.
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
    """The result of a backtest so far.

    `counts` are the runs by verdict, `groups` the runs by difference. `items` lists the first
    `max_items` runs whose verdict isn't "same"; `omitted` is the number of such runs beyond them.
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
        """The number of runs that were compared."""
        return sum(self.counts.values())

    def add_same(self, runs: int) -> None:
        """Count runs whose replay equals the recording."""
        self.counts["same"] += runs

    def add(self, comparison: Comparison) -> None:
        """Count a run, and list it unless its replay equals the recording."""
        self.counts[comparison.verdict] += 1
        if comparison.verdict == "same":
            return
        self._add_to_group(comparison)
        if len(self.items) < self._max_items:
            self.items.append(comparison)
        else:
            self.omitted += 1

    def _add_to_group(self, comparison: Comparison) -> None:
        group = _group_of(comparison)
        if group not in self.groups and len(self.groups) >= MAX_GROUPS:
            return
        members = self.groups.setdefault(group, Members())
        members.count += 1
        if len(members.examples) < MAX_EXAMPLES:
            members.examples.append(comparison.run_id)


def _group_of(comparison: Comparison) -> Group:
    if comparison.first is not None:
        first = comparison.first
        return Group(step_id=first.step_id, was=first.was, would_be=first.would_be)
    if comparison.unknown is not None:
        would_be = f"unknown after {comparison.unknown}"
        return Group(step_id=comparison.unknown, was=None, would_be=would_be)
    return Group(step_id=None, was=None, would_be=comparison.reason or comparison.verdict)
