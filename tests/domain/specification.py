"""The given-when-then style of domain tests: given events, when a command, then events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from baton.domain.decider import Decider
from baton.domain.errors import Code, Detail, Rejected


@dataclass(frozen=True, slots=True)
class Given:
    """An aggregate and its history."""

    decider: Decider[Any, Any, Any]
    history: tuple[Any, ...]

    def when(self, command: object) -> "When":
        return When(self, command)

    def after(self, *commands: object) -> "Given":
        """Return the aggregate after these commands too."""
        state, history = self.decider.fold(self.history), list(self.history)
        for command in commands:
            events, state = self.decider.apply(command, state)
            history += events
        return Given(self.decider, tuple(history))

    @property
    def state(self) -> Any:
        return self.decider.fold(self.history)


@dataclass(frozen=True, slots=True)
class When:
    """A command to an aggregate with a history."""

    given: Given
    command: object

    def decided(self) -> Sequence[Any]:
        events, state = self.given.decider.apply(self.command, self.given.state)
        assert state == self.given.decider.fold(events, self.given.state)
        assert events == self.given.decider.decide(self.command, self.given.state)
        return events

    def then(self, *events: object) -> Given:
        assert list(self.decided()) == list(events)
        return Given(self.given.decider, (*self.given.history, *events))

    def then_nothing(self) -> None:
        assert self.decided() == []

    def then_refused(self, code: Code, **details: Detail) -> Rejected:
        with pytest.raises(Rejected) as refusal:
            self.decided()
        assert refusal.value.code == code
        assert details.items() <= refusal.value.details.items()
        return refusal.value

    def then_ends_with(self, *events: object) -> Given:
        """Check only the last events, if the earlier ones don't matter to the test."""
        decided = self.decided()
        assert list(decided[-len(events) :]) == list(events)
        return Given(self.given.decider, (*self.given.history, *decided))


def given(decider: Decider[Any, Any, Any], *history: object) -> Given:
    """Return an aggregate with the given history."""
    return Given(decider, history)
