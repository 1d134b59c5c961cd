"""Stored events contain no words of a dialect: those of the tale, and one of each class."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from baton.eventlog.events.codec import encode, topic_of
from tests.kit.stack import bearer
from tests.replay.histories import HISTORIES
from tests.scenarios.stack import running_stack
from tests.scenarios.tale import drivers, play_tale

USER_DATA = frozenset(
    ("input", "output", "context", "config", "data", "value", "expected", "actual")
)
"""Members whose content belongs to the user; the names themselves are the core's."""

DIALECT_WORDS = frozenset(
    (
        "audit",
        "compute-function",
        "event-driven",
        "executionid",
        "functionid",
        "http-trigger",
        "http_trigger",
        "initiatedby",
        "metadata",
        "on-demand",
        "on_demand",
        "orchestration",
        "orchestration_id",
        "principal",
        "record_slug",
        "scheduled",
        "structure_slug",
        "task",
        "workflow",
        "workflow_id",
        "workspace",
        "workspace_slug",
    )
)
CAMEL_CASE = re.compile(r"[a-z0-9][A-Z]")


def foreign_words_of(events: Iterable[Any]) -> list[str]:
    """Return the words of a dialect in some events, as they are stored."""
    return [word for event in events for word in foreign_words(topic_of(event), encode(event))]


def foreign_words(topic: str, stored: bytes) -> list[str]:
    """Return each member name and each text of an event that belongs to a dialect."""
    words = _words(orjson.loads(stored), topic)
    return [f"{place}: {word}" for place, word, is_name in words if _is_foreign(word, is_name)]


def _words(value: object, place: str) -> Iterator[tuple[str, str, bool]]:
    """Yield (place, word, whether it is a member name), without the user's data."""
    match value:
        case dict():
            for name, member in value.items():
                yield place, name, True
                if name not in USER_DATA:
                    yield from _words(member, f"{place}.{name}")
        case list():
            for index, element in enumerate(value):
                yield from _words(element, f"{place}[{index}]")
        case str():
            yield place, value, False
        case _:
            pass


def _is_foreign(word: str, is_name: bool) -> bool:
    camel_case = is_name and CAMEL_CASE.search(word) is not None
    return camel_case or word.lower() in DIALECT_WORDS


@pytest.mark.parametrize("name", sorted(drivers()))
async def test_no_event_of_the_tale_holds_a_word_of_its_dialect(tmp_path: Path, name: str) -> None:
    async with running_stack(tmp_path) as stack:
        async with aiohttp.ClientSession(headers=bearer()) as session:
            await play_tale(drivers()[name](session, stack.url, "acme"), stack)
        recorded = await stack.stores.events.read_all(after=0, limit=10_000)

    assert len(recorded) > 30
    assert foreign_words_of(one.event for one in recorded) == []


def test_no_event_there_is_holds_a_word_of_a_dialect() -> None:
    events = [event for history in HISTORIES.values() for event in history]

    assert foreign_words_of(events) == []


def test_words_of_a_dialect_are_found_outside_the_users_data() -> None:
    stored = orjson.dumps(
        {
            "trigger": {"kind": "on_demand"},
            "metadata": {"eventType": 1},
            "input": {"workspaceSlug": "acme"},
        }
    )

    assert foreign_words("t", stored) == [
        "t.trigger.kind: on_demand",
        "t: metadata",
        "t.metadata: eventType",
    ]
