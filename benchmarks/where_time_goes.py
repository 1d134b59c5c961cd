"""Aggregates a profile by package; time in most built-in functions counts for the caller."""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from cProfile import Profile
from dataclasses import dataclass
from pathlib import Path
from pstats import Stats
from typing import Any

from benchmarks.processes import ROOT

LOOP = "event loop, sockets, waiting"
_BUILT_IN = "~"
_KNOWN = ("sqlite3", "orjson", "_asyncio", "_hashlib")
_STANDARD_LIBRARY = Path(sys.base_prefix)

Function = tuple[str, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Own time of a package or function in seconds, without its callees."""

    where: str
    seconds: float


def by_package(profile: Profile, wall_s: float) -> list[Spent]:
    """Return each package's share of `wall_s`; the remaining time is the event loop's."""
    spent: defaultdict[str, float] = defaultdict(float)
    for function, (_, _, own, _, callers) in _entries(profile):
        for where, seconds in _shared(function, own, callers):
            spent[where] += seconds
    spent[LOOP] = wall_s - sum(spent.values())
    return _dearest(spent)


def by_function(profile: Profile, count: int) -> list[Spent]:
    """Return the functions with the longest own time."""
    spent = {_told(function): figures[2] for function, figures in _entries(profile)}
    return _dearest(spent)[:count]


def _dearest(spent: Mapping[str, float]) -> list[Spent]:
    found = [Spent(where=where, seconds=seconds) for where, seconds in spent.items()]
    return sorted(found, key=lambda one: -one.seconds)


# Any: entries of pstats are nested tuples.
def _entries(profile: Profile) -> Iterator[tuple[Function, Any]]:
    yield from Stats(profile).stats.items()  # type: ignore[attr-defined]


def _shared(function: Function, own: float, callers: Any) -> Iterator[tuple[str, float]]:
    if function[0] != _BUILT_IN:
        yield package_of(function[0]), own
        return
    known = next((name for name in _KNOWN if name in function[2]), None)
    if known is not None:
        yield known.lstrip("_"), own
        return
    for caller, (_, _, seconds, _) in callers.items():
        yield package_of(caller[0]), seconds


def package_of(file: str) -> str:
    """Return the package of a file."""
    path = Path(file)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1].removesuffix(".py")
    if path.is_relative_to(ROOT):
        return path.relative_to(ROOT).parts[0]
    if path.is_relative_to(_STANDARD_LIBRARY):
        return "asyncio" if "asyncio" in path.parts else "standard library"
    return "built in"


def _told(function: Function) -> str:
    file, line, name = function
    if file == _BUILT_IN:
        return name
    path = Path(file)
    own = path.is_relative_to(ROOT) and "site-packages" not in path.parts
    short = path.relative_to(ROOT) if own else Path(*path.parts[-2:])
    return f"{short}:{line} {name}"
