"""Properties of every aggregate. A new folder under `domain` is found and tested."""

import pkgutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton import domain
from baton.domain.decider import Decider
from baton.domain.definition.messages import PublishVersion
from baton.domain.errors import Rejected
from baton.domain.run.messages.commands import TakeOver
from tests.domain.commands import commands


def repeatable(command: object) -> bool:
    """Return whether a command decides nothing the second time.

    Each takeover means that an executor was lost, and each version that is published without a
    label is a further one.
    """
    unlabelled = isinstance(command, PublishVersion) and command.label is None
    return not unlabelled and not isinstance(command, TakeOver)


def aggregates() -> Iterator[str]:
    for found in pkgutil.iter_modules(domain.__path__, "baton.domain."):
        if found.ispkg and find_spec(f"{found.name}.decisions"):
            yield found.name


AGGREGATES = sorted(aggregates())
every = pytest.mark.parametrize("name", AGGREGATES)


def decider(name: str) -> Decider[Any, Any, Any]:
    found = import_module(f"{name}.decisions").DECIDER
    assert isinstance(found, Decider)
    return found


def messages(name: str) -> ModuleType:
    return import_module(f"{name}.messages")


def histories(name: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(commands(messages(name).Command), max_size=12)


def play(rules: Decider[Any, Any, Any], history: list[Any]) -> tuple[list[Any], Any]:
    """Return the events and the state after the commands of `history`."""
    recorded, state = list[Any](), rules.initial
    for command in history:
        try:
            events, state = rules.apply(command, state)
        except Rejected:
            continue
        recorded += events
    return recorded, state


def test_every_aggregate_is_found() -> None:
    assert {"baton.domain.claim", "baton.domain.definition", "baton.domain.record"} < set(
        AGGREGATES
    )
    assert {"baton.domain.run", "baton.domain.schedule"} < set(AGGREGATES)


@every
def test_its_events_are_stored_under_its_folders_name(name: str) -> None:
    assert decider(name).name == name.removeprefix("baton.domain.")


@every
def test_its_messages_are_immutable_records_without_secrets_in_their_shape(name: str) -> None:
    for union in (messages(name).Command, messages(name).Event):
        for record in get_args(union):
            assert is_dataclass(record)
            assert record.__module__.startswith(f"{name}.")
            assert vars(record)["__hash__"] is not None  # a mutable dataclass has none
            assert not {"secret", "password"} & {field.name for field in fields(record)}


@every
@settings(max_examples=150)
@given(st.data())
def test_any_history_folds(name: str, data: st.DataObject) -> None:
    rules = decider(name)
    recorded, state = play(rules, data.draw(histories(name)))
    middle = len(recorded) // 2

    assert rules.fold(recorded) == state
    assert rules.fold(recorded[middle:], rules.fold(recorded[:middle])) == state


@every
@settings(max_examples=150)
@given(st.data())
def test_a_repeated_command_decides_nothing(name: str, data: st.DataObject) -> None:
    rules = decider(name)
    _, state = play(rules, data.draw(histories(name)))
    command = data.draw(commands(messages(name).Command))
    with suppress(Rejected):
        _, after = rules.apply(command, state)
        assert not repeatable(command) or rules.decide(command, after) == []


@every
@given(st.data())
def test_deciding_changes_neither_the_state_nor_the_command(name: str, data: st.DataObject) -> None:
    rules = decider(name)
    recorded, state = play(rules, data.draw(histories(name)))
    command = data.draw(commands(messages(name).Command))
    before = repr(command)
    with suppress(Rejected):
        first = rules.decide(command, state)
        assert rules.decide(command, state) == first

    assert rules.fold(recorded) == state
    assert repr(command) == before


@every
@given(st.data())
def test_recorded_events_never_change(name: str, data: st.DataObject) -> None:
    rules = decider(name)
    recorded, _ = play(rules, data.draw(histories(name)))
    before = repr(recorded)

    rules.fold(recorded)
    rules.fold(recorded)

    assert repr(recorded) == before
