"""The seed of the Orchestration System: its one example, and the shapes of its responses."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from tests.scenarios.examples import SEEDS

PAGE = (SEEDS / "002-orchestration-system.txt").read_text(encoding="utf-8")
TYPES: Mapping[str, type] = {"string": str, "object": dict, "number": int}


def example() -> Any:
    """Return the body of the page's curl example."""
    found = re.search(r"  -d '(\{.*?\})'\n", PAGE, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def operations() -> list[str]:
    """Return every operation of the page: `POST /workflows`."""
    return re.findall(r"^\*\*Endpoint:\*\* `(.+)`$", PAGE, re.MULTILINE)


def shape(heading: str, block: str = "Response") -> Any:
    """Return the JSON that describes a request or a response of an operation."""
    section = PAGE[PAGE.index(f"\n### {heading}\n") :]
    found = re.search(rf"\*\*{block}[^*]*\*\*\n```json\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return json.loads(re.sub(r'"\] \(optional\)', ' (optional)"]', found[1]))


def assert_shape(
    described: Any, answered: Any, *, more: Collection[str] = (), where: str = "$"
) -> None:
    """Assert that a response has the members and types of a shape.

    Args:
        described: The shape.
        answered: The response.
        more: Members that the shape doesn't have, and responses may.
        where: The path of the value, for the failure's message.
    """
    if isinstance(described, dict):
        needed = {name for name, of in described.items() if "(optional)" not in str(of)}
        assert needed <= set(answered) <= {*described, *more}, where
        for name, value in answered.items():
            if name in described:
                assert_shape(described[name], value, more=more, where=f"{where}.{name}")
    elif isinstance(described, list):
        assert isinstance(answered, list), where
        for value in answered:
            assert_shape(described[0], value, more=more, where=f"{where}[]")
    elif isinstance(described, str):
        _assert_text(described.partition(" (")[0], answered, where)
    else:
        assert answered is described, where


def _assert_text(described: str, answered: Any, where: str) -> None:
    if described == "ISO8601 datetime":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answered), where
    elif described in TYPES:
        assert type(answered) is TYPES[described], where
    else:
        assert answered in described.split("|"), where
