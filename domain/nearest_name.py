"""Finds the known name that a name that isn't known was probably meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_SIMILAR: Final = 0.6
_SEPARATORS: Final = str.maketrans("", "", "_-")


def nearest_name(name: str, known: Iterable[str], *, similar: float = _SIMILAR) -> str | None:
    """Return the name of `known` that is most like `name`; capitals, `_` and `-` don't count.

    Args:
        name: A name that isn't in `known`.
        known: The names to choose from.
        similar: The least similarity, from 0 (any) to 1 (equal).
    """
    plain = {_plain(one): one for one in known}
    found = get_close_matches(_plain(name), plain, n=1, cutoff=similar)
    return plain[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that names the nearest known name; empty without one."""
    found = nearest_name(name, known)
    return f"; did you mean '{found}'?" if found else ""


def _plain(name: str) -> str:
    return name.lower().translate(_SEPARATORS)
