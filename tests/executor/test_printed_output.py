"""The printed output of one call in a function process, read between two marks in pieces."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.executor.functions.python import printed_output
from baton.executor.functions.python.printed_output import MAX_LINES, PrintedOutput

MARK = b"\0mark"


async def read(*pieces: bytes, end: bool = False) -> list[str | int]:
    """Return the lines that are reported, and a number where lines were left out."""
    source = asyncio.StreamReader()
    found: list[str | int] = []
    reading = asyncio.create_task(PrintedOutput(source, MARK, found.append, found.append).read())
    for piece in pieces:
        source.feed_data(piece)
        await asyncio.sleep(0)
    if end:
        source.feed_eof()
    await asyncio.wait_for(reading, 5)
    return found


@pytest.fixture(autouse=True)
def nothing_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printed_output, "MAX_PASSED_ON", 0)


@given(st.lists(st.text(st.sampled_from("ab\0m "), max_size=6)), st.integers(1, 9))
def test_lines_are_found_in_pieces_of_any_size(lines: list[str], size: int) -> None:
    printed = "".join(f"{line}\n" for line in lines).encode()
    data = b"by an earlier call\n" + MARK + printed + MARK + b"by a later call\n"
    pieces = [data[at : at + size] for at in range(0, len(data), size)]

    assert asyncio.run(read(*pieces)) == lines


async def test_a_line_is_reported_although_the_process_dies_in_it() -> None:
    assert await read(MARK + b"one\ntw", b"o", end=True) == ["one", "two"]


async def test_nothing_counts_as_printed_before_the_call_begins() -> None:
    assert await read(b"by an earlier call\n", end=True) == []


async def test_of_many_lines_both_ends_are_reported_and_the_others_counted() -> None:
    lines = [f"line {number}" for number in range(300_000)]
    data = MARK + "\n".join(lines).encode() + MARK
    found = await read(*(data[at : at + 50_000] for at in range(0, len(data), 50_000)))
    (omitted,) = [one for one in found if isinstance(one, int)]

    assert found[:MAX_LINES] == lines[:MAX_LINES]
    assert found[MAX_LINES] == omitted
    assert found[MAX_LINES + 1 :] == lines[MAX_LINES + omitted :]
    assert 1_000 < len(found) - MAX_LINES <= MAX_LINES + 1


async def test_the_last_part_of_an_endless_line_is_not_a_line() -> None:
    assert await read(MARK, *[b"x" * 60_000] * 10, b"\nlast\n", MARK) == [1, "last"]
