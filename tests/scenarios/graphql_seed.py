"""The GraphQL operations of the Workflow Orchestration document, with their variables."""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.scenarios.examples import SEEDS

PAGE = (SEEDS / "003-workflow-orchestration.txt").read_text(encoding="utf-8")
_EXAMPLE = re.compile(
    r"```graphql\n(?P<query>.*?)```\s+Variables:\s+```json\n(?P<variables>.*?)```", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Example:
    """One operation, verbatim."""

    query: str
    variables: dict[str, Any]

    @property
    def kind(self) -> str:
        """`query`, `mutation` or `subscription`."""
        return self.query.split(maxsplit=1)[0]

    @property
    def name(self) -> str:
        found = re.search(r"\w+ (\w+)", self.query)
        assert found is not None
        return found[1]

    def of(self, ident: str) -> dict[str, Any]:
        """Return the variables with another id in the place of the example's."""
        return dict.fromkeys(self.variables, ident)


def examples() -> dict[str, Example]:
    """Return every operation of the document by its name."""
    section = PAGE[PAGE.index("\n## GraphQL API\n") :]
    found = [
        Example(one["query"], json.loads(one["variables"])) for one in _EXAMPLE.finditer(section)
    ]
    assert len(found) == section.count("```graphql")
    return {one.name: one for one in found}


EXAMPLES = examples()
