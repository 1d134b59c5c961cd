"""Finds the known name that is most similar to an unknown one."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_SIMILAR: Final = 0.6
_SEPARATORS: Final = str.maketrans("", "", "_-")


def nearest_name(name: str, known: Iterable[str], *, similar: float = _SIMILAR) -> str | None:
    """Return the name of `known` most similar to `name`, ignoring case, `_` and `-`.

    Args:
        name: A name that isn't in `known`.
        known: The names to choose from.
        similar: The least similarity, from 0 (any) to 1 (equal).
    """
    plain = {_plain(candidate): candidate for candidate in known}
    matches = get_close_matches(_plain(name), plain, n=1, cutoff=similar)
    return plain[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that suggests the nearest known name; empty if none is near."""
    nearest = nearest_name(name, known)
    return f"; did you mean '{nearest}'?" if nearest else ""


def _plain(name: str) -> str:
    return name.lower().translate(_SEPARATORS)
