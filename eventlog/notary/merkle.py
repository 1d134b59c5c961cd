"""Merkle trees as in RFC 6962 (and RFC 9162): roots, and proofs of inclusion.

All functions are pure. A leaf is given by its hash. A proof is described by the subtrees whose
roots it consists of, so that a caller can keep the roots of blocks instead of every leaf.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, TypeAlias

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256().digest()
"""The root of a tree without leaves."""

Range: TypeAlias = tuple[int, int]
"""The leaves under one node: begin ≤ index < end."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf that holds `data`."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two nodes."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, in order."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        level += odd  # a node without a sibling moves up unchanged
    return level[0]


def split(size: int) -> int:
    """Return the number of leaves under the left child: the greatest power of 2 below `size`."""
    return 1 << (size - 1).bit_length() - 1


class Peaks:
    """The roots of the perfect subtrees, from left to right, of a tree that only grows.

    `size` counts the units added; a unit is a leaf, or a perfect subtree of one fixed size.
    """

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def add(self, unit: bytes) -> None:
        """Add the hash of the next unit."""
        carried = self.size
        while carried & 1:
            unit = node_hash(self._roots.pop(), unit)
            carried >>= 1
        self._roots.append(unit)
        self.size += 1

    def root(self, rest: Sequence[bytes] = ()) -> bytes:
        """Return the root of the tree.

        Args:
            rest: Hashes of leaves after the last unit; fewer than a unit has.
        """
        roots = [*self._roots, root_of(rest)] if rest or not self._roots else self._roots
        node = roots[-1]
        for left in reversed(roots[:-1]):
            node = node_hash(left, node)
        return node


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the subtrees that form the audit path of a leaf (RFC 6962, 2.1.1), the lowest first.

    Raises ValueError for an index outside a tree of `size` leaves.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    begin, end, path = 0, size, list[Range]()
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    return path[::-1]


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Return whether `path` proves that `leaf` is at `index` of the tree (RFC 9162, 2.1.3.2).

    Args:
        leaf: The hash of the leaf.
        index: The place of the leaf, from 0.
        size: The number of leaves of the tree.
        path: The audit path, from the leaf to the root.
        root: The root of the tree.
    """
    if not 0 <= index < size or {HASH_BYTES} != {len(one) for one in (leaf, root, *path)}:
        return False
    first, last, node = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            node = node_hash(step, node)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            node = node_hash(node, step)
        first, last = first >> 1, last >> 1
    return last == 0 and node == root
