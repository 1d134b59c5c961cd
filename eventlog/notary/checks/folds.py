"""Folds every stream again, to find events that are no possible history of their aggregate.

States are kept for the streams that are under way. A stream that continues after its state was
dropped, such as a run that was reopened, is folded as a whole in a second pass.
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
"""States that are kept at once."""


@cache
def deciders() -> Mapping[str, Decider[Any, Any, Any]]:
    """Return the rules of every aggregate, by the kind of its streams."""
    packages = (one.name for one in pkgutil.iter_modules(domain.__path__) if one.ispkg)
    modules = (f"{domain.__name__}.{name}.decisions" for name in packages)
    found = (importlib.import_module(name).DECIDER for name in modules if find_spec(name))
    return MappingProxyType({one.name: one for one in found})


class Folds:
    """The states of streams under way; `later` are the streams that need a second pass."""

    def __init__(self, only: frozenset[str] | None = None, *, room: int = OPEN_STREAMS) -> None:
        """Fold the streams of `only`, or all; keep at most `room` states, or all with `only`."""
        self.later: set[str] = set()
        self._states: dict[str, Any] = {}
        self._only = only
        self._room = room

    def wants(self, stream: str) -> bool:
        """Return whether events of a stream are folded here."""
        return self._only is None or stream in self._only

    def apply(
        self, decider: Decider[Any, Any, Any], stream: str, version: int, event: Any
    ) -> str | None:
        """Fold the next event of a stream; return what is wrong, None if nothing is."""
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
        if self._only is None and len(self._states) > self._room:
            del self._states[next(iter(self._states))]

    def passes(self) -> Iterator["Folds"]:
        """Yield what a second pass has to fold, in parts that fit into memory."""
        rest = iter(sorted(self.later))
        while part := frozenset(islice(rest, self._room)):
            yield Folds(part)
