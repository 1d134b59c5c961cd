"""The seed of Workflow Orchestration: its requests and the JSON of its responses, verbatim."""

import json
import re
from typing import Any

from tests.scenarios.examples import SEEDS

PAGE = (SEEDS / "003-workflow-orchestration.txt").read_text(encoding="utf-8")
_REST = PAGE[: PAGE.index("## GraphQL API")]


def operations() -> list[str]:
    """Return every operation of the page's REST part: `POST /workflows`."""
    found = re.findall(r"^(GET|POST|PUT|DELETE) /api(/\S+)", _REST, re.MULTILINE)
    return list(dict.fromkeys(f"{method} {path}" for method, path in found))


def sent(heading: str) -> Any:
    """Return the body of the request of an operation."""
    found = re.search(r"```http\n.*?\n\n(\{.*?)```", _section(heading), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def response(heading: str) -> Any:
    """Return the body of the response of an operation."""
    found = re.search(r"Response:\n```json\n(.*?)```", _section(heading), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def _section(heading: str) -> str:
    begin = _REST.index(f"\n#### {heading}\n") + 1
    end = _REST.find("\n####", begin)
    return _REST[begin : end if end > 0 else None]
