"""Folds every stream, to find events that can't be a history of their aggregate.

States are kept while more events of their streams may follow. A stream that continues after its
state was dropped, such as a reopened run, is folded as a whole in a second pass.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from baton import domain
from baton.domain.decider import Decider

OPEN_STREAMS: Final = 100_000
"""The number of states that are kept at once."""


@cache
def deciders() -> Mapping[str, Decider[Any, Any, Any]]:
    """Return the rules of every aggregate, by the kind of its streams."""
    packages = (package.name for package in pkgutil.iter_modules(domain.__path__) if package.ispkg)
    modules = (f"{domain.__name__}.{name}.decisions" for name in packages)
    deciders_found = (importlib.import_module(name).DECIDER for name in modules if find_spec(name))
    return MappingProxyType({decider.name: decider for decider in deciders_found})


class Folds:
    """The states of unfinished streams; `later` are the streams that need a second pass."""

    def __init__(self, only: frozenset[str] | None = None) -> None:
        """Fold the streams of `only`, or all; of all, keep `OPEN_STREAMS` states."""
        self.later: set[str] = set()
        self._states: dict[str, Any] = {}
        self._only = only

    def wants(self, stream: str) -> bool:
        """Return whether this object folds the events of a stream."""
        return self._only is None or stream in self._only

    def apply(
        self, decider: Decider[Any, Any, Any], stream: str, version: int, event: Any
    ) -> str | None:
        """Fold the next event of a stream; return the fault, None if there is none."""
        if self._only is not None and stream not in self._only:
            return None
        state = decider.initial if version == 1 else self._states.get(stream)
        if state is None:
            self.later.add(stream)
        if stream in self.later:
            return None
        try:
            state = decider.evolve(state, event)
        except Exception as error:  # noqa: BLE001 - an impossible event may raise anything
            return f"can't be folded ({type(error).__name__}: {error})"
        self._keep(stream, state)
        return None

    def _keep(self, stream: str, state: Any) -> None:
        if self._only is None and getattr(state, "final", False):
            self._states.pop(stream, None)
            return
        self._states[stream] = state
        if self._only is None and len(self._states) > OPEN_STREAMS:
            del self._states[next(iter(self._states))]

    def passes(self) -> Iterator["Folds"]:
        """Yield folds for the second pass, in parts that fit into memory."""
        rest = iter(sorted(self.later))
        while part := frozenset(islice(rest, OPEN_STREAMS)):
            yield Folds(part)
