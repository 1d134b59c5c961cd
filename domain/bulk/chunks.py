"""The order of a bulk's runs: their ids are stored in chunks, each a JSON list of ids."""

from collections.abc import Iterator, Sequence
from typing import Final

RUNS_PER_CHUNK: Final = 10_000
"""The number of ids in every chunk except the last."""


def split(run_ids: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the ids of each chunk."""
    for number, first in enumerate(range(0, len(run_ids), RUNS_PER_CHUNK)):
        yield str(number), list(run_ids[first : first + RUNS_PER_CHUNK])


def place_of(index: int) -> tuple[str, int]:
    """Return the name of the chunk that holds the run at `index`, and the index in the chunk."""
    number, place = divmod(index, RUNS_PER_CHUNK)
    return str(number), place
