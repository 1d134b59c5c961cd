"""Merkle trees against the vectors of Certificate Transparency, and against their own proofs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.eventlog.notary.merkle import (
    Peaks,
    Range,
    inclusion_ranges,
    is_included,
    leaf_hash,
    root_of,
)
from baton.eventlog.notary.proofs.chosen_leaves import ChosenLeaves

# Inputs, roots and paths of the reference implementations of RFC 6962 (certificate-transparency,
# transparency-dev/merkle).
INPUTS = (
    *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
    "606162636465666768696a6b6c6d6e6f",
)
LEAVES = [leaf_hash(bytes.fromhex(one)) for one in INPUTS]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSION = {
    (0, 1): (),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
MANY = [leaf_hash(bytes([index])) for index in range(70)]


def hashes(leaves: list[bytes], ranges: list[Range]) -> list[bytes]:
    return [root_of(leaves[begin:end]) for begin, end in ranges]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_audit_paths_are_those_of_the_reference(index: int, size: int) -> None:
    path = hashes(LEAVES, inclusion_ranges(index, size))

    assert [one.hex() for one in path] == list(INCLUSION[index, size])


@given(st.integers(1, 70), st.data())
def test_an_audit_path_proves_one_leaf_at_one_place(size: int, data: st.DataObject) -> None:
    leaves = MANY[:size]
    index = data.draw(st.integers(0, size - 1))
    path, root = hashes(leaves, inclusion_ranges(index, size)), root_of(leaves)
    other = data.draw(st.integers(0, size - 1))

    assert is_included(leaves[index], index, size, path, root)
    assert is_included(leaves[index], other, size, path, root) == (index == other)
    assert not is_included(leaves[index], index, size, [*path, root], root)
    assert not path or not is_included(leaves[index], index, size, path[:-1], root)
    assert not is_included(leaf_hash(b"other"), index, size, path, root)
    for place in range(len(path)):
        wrong = [*path[:place], leaf_hash(path[place]), *path[place + 1 :]]
        assert not is_included(leaves[index], index, size, wrong, root)


def test_a_leaf_outside_the_tree_has_no_path() -> None:
    with pytest.raises(ValueError, match="no leaf 3"):
        inclusion_ranges(3, 3)


@given(st.integers(0, 70), st.sampled_from((1, 4, 16)))
def test_a_growing_tree_of_blocks_has_the_root_of_its_leaves(size: int, block: int) -> None:
    peaks, full = Peaks(), size // block
    for number in range(full):
        peaks.add(root_of(MANY[number * block : (number + 1) * block]))

    assert peaks.root(MANY[full * block : size]) == root_of(MANY[:size])


@given(st.integers(1, 70), st.sets(st.integers(0, 69)), st.data())
def test_chosen_leaves_are_proved_together(
    size: int, wanted: set[int], data: st.DataObject
) -> None:
    picked = sorted(one for one in wanted if one < size)
    chosen = ChosenLeaves(ranges_of(picked), size)
    leaves, root = [MANY[index] for index in picked], root_of(MANY[:size])
    others = hashes(MANY[:size], list(chosen.other_ranges()))

    assert chosen.root(leaves, others) == root
    for place in range(len(others)):
        wrong = [*others[:place], leaf_hash(others[place]), *others[place + 1 :]]
        assert chosen.root(leaves, wrong) != root
    assert chosen.root(leaves, [*others, root]) is None
    if leaves:
        assert chosen.root(leaves[1:], others) is None
        place = data.draw(st.integers(0, len(leaves) - 1))
        leaves[place] = leaf_hash(leaves[place])
        assert chosen.root(leaves, others) != root


def ranges_of(indexes: list[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for index in indexes:
        if ranges and sum(ranges[-1]) == index:
            ranges[-1] = (ranges[-1][0], ranges[-1][1] + 1)
        else:
            ranges.append((index, 1))
    return ranges


@pytest.mark.parametrize("ranges", [[(1, 0)], [(-1, 2)], [(3, 2), (0, 1)], [(0, 2), (2, 1)]])
def test_ranges_that_are_not_in_order_are_refused(ranges: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="in order"):
        ChosenLeaves(ranges, 8)


def test_ranges_outside_the_tree_are_refused() -> None:
    with pytest.raises(ValueError, match="no leaf 8"):
        ChosenLeaves([(6, 3)], 8)
