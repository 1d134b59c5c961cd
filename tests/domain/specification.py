"""Given these events, when this command, then those: how the rules of an aggregate are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from baton.domain.decider import Decider
from baton.domain.errors import Code, Detail, Rejected


@dataclass(frozen=True, slots=True)
class Given:
    """An aggregate with a history."""

    decider: Decider[Any, Any, Any]
    history: tuple[Any, ...]

    def when(self, command: object) -> "When":
        return When(self, command)

    def after(self, *commands: object) -> "Given":
        """Let commands add to the history first."""
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
    """A command to it."""

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
        """Look at the last events only, where those before are not what the test is about."""
        decided = self.decided()
        assert list(decided[-len(events) :]) == list(events)
        return Given(self.given.decider, (*self.given.history, *decided))


def given(decider: Decider[Any, Any, Any], *history: object) -> Given:
    """Begin a specification."""
    return Given(decider, history)
