"""The examples of the reference page, and the comparison of a response with an example."""

import json
import re
from pathlib import Path
from typing import Any

SEEDS = Path(__file__).parents[1] / "seeds"
REFERENCE = (SEEDS / "001-centrali-reference.txt").read_text(encoding="utf-8")
OPENAPI = json.loads((SEEDS / "000-centrali-openapi.json").read_text(encoding="utf-8"))


def example(heading: str, number: int = 0) -> Any:
    """Return the JSON document of a section; `{ ... }` and `[...]` are empty there."""
    section = REFERENCE[REFERENCE.index(f"\n{heading}\n") :]
    blocks = re.findall(r"^\{\n.*?^\}$", section, re.DOTALL | re.MULTILINE)
    return _read(blocks[number])


def conditions() -> list[dict[str, Any]]:
    """Return the conditions that stand one on a line."""
    section = REFERENCE[REFERENCE.index("\nExample Conditions:\n") :]
    return [json.loads(line) for line in re.findall(r"^\{ .* \}$", section, re.MULTILINE)]


def _read(block: str) -> Any:
    text = block.replace("{ ... }", "{}").replace("[...]", "[]")
    text = re.sub(r",\s*\.\.\.\s*\}", "}", text)
    return json.loads(text)


ILLUSTRATIVE = {"id", "orchestrationId", "createdBy", "updatedBy", "correlationId"}


def assert_like(shown: Any, answered: Any, where: str = "$") -> None:
    """Assert that a response equals an example, except for its ids and times."""
    if isinstance(shown, dict):
        assert isinstance(answered, dict), where
        assert set(answered) == set(shown), where
        for name, value in shown.items():
            assert_like(value, answered[name], f"{where}.{name}")
    elif isinstance(shown, list):
        assert isinstance(answered, list), where
        assert len(answered) == len(shown), where
        for index, value in enumerate(shown):
            assert_like(value, answered[index], f"{where}[{index}]")
    elif where.rpartition(".")[2] in ILLUSTRATIVE:
        assert isinstance(answered, str), where
    elif isinstance(shown, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", shown):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answered), where
    else:
        assert type(answered) is type(shown), where
        assert answered == shown, where
