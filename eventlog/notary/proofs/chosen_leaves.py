"""Proofs that a tree contains many leaves: the roots of the subtrees without any of them.

ChosenLeaves leaves are given as ranges (first, count), in order and without overlaps. The roots are
ordered from left to right. The prover and the verifier walk the tree in the same way, so no place
has to be named.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from baton.eventlog.notary.merkle import EMPTY_ROOT, Range, node_hash, root_of, split


class ChosenLeaves:
    """The chosen leaves of a tree."""

    def __init__(self, ranges: Sequence[tuple[int, int]], size: int) -> None:
        """Raises ValueError unless the ranges are in order, disjoint, and inside the tree."""
        end = -1
        for first, count in ranges:
            if first <= end or first < 0 or count <= 0:
                raise ValueError("the ranges of leaves aren't in order")
            end = first + count
        if end > size:
            raise ValueError(f"a tree of {size} has no leaf {end - 1}")
        self.size = size
        self.count = sum(count for _, count in ranges)
        self._begins = [first for first, _ in ranges]
        self._ends = [first + count for first, count in ranges]

    def covers(self, begin: int, end: int) -> bool | None:
        """Return whether all leaves of a range are chosen; None if some of them are."""
        at = bisect_right(self._begins, begin) - 1
        if at >= 0 and self._ends[at] >= end:
            return True
        follows = at + 1 < len(self._begins) and self._begins[at + 1] < end
        if follows or (at >= 0 and self._ends[at] > begin):
            return None
        return False

    def other_ranges(self) -> Iterator[Range]:
        """Yield the greatest subtrees without a chosen leaf, from left to right."""
        ranges = [(0, self.size)] if self.size else []
        while ranges:
            begin, end = ranges.pop()
            covered = self.covers(begin, end)
            if covered is False:
                yield begin, end
            elif covered is None:
                middle = begin + split(end - begin)
                ranges += [(middle, end), (begin, middle)]

    def root(self, leaves: Sequence[bytes], others: Sequence[bytes]) -> bytes | None:
        """Return the root that the chosen leaves and a proof lead to; None if their numbers differ.

        Args:
            leaves: The hashes of the chosen leaves, in order.
            others: The roots of `other_ranges`.
        """
        if len(leaves) != self.count or len(others) != sum(1 for _ in self.other_ranges()):
            return None
        if not self.size:
            return EMPTY_ROOT
        return _Fold(self, leaves, others).root(0, self.size)


class _Fold:
    """Consumes leaves and roots from left to right."""

    def __init__(
        self, chosen: ChosenLeaves, leaves: Sequence[bytes], others: Sequence[bytes]
    ) -> None:
        self._chosen = chosen
        self._leaves = leaves
        self._others = iter(others)
        self._used = 0

    def root(self, begin: int, end: int) -> bytes:
        covered = self._chosen.covers(begin, end)
        if covered is False:
            return next(self._others)
        if covered:
            first = self._used
            self._used += end - begin
            return root_of(self._leaves[first : self._used])
        middle = begin + split(end - begin)
        left = self.root(begin, middle)
        return node_hash(left, self.root(middle, end))
