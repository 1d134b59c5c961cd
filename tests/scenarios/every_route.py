"""Every route of the Centrali dialects, with ids that exist to fill its path with."""

import re
from dataclasses import dataclass
from typing import Any

from baton.command_api.dialect.contract import Route, discover
from tests.scenarios.stack import Client

NAMES = ("centrali-openapi", "centrali-reference")
_PARAMETER = re.compile(r"\{(\w+)(?::[^}]*)?\}")

DEFINITION = {
    "slug": "orders",
    "name": "Orders",
    "trigger": {"type": "http-trigger", "path": "hook"},
    "steps": [
        {"id": "only", "type": "compute", "functionId": "func_abc123", "nextStepId": "choose"},
        {"id": "choose", "type": "decision", "cases": [], "defaultNextStepId": "end"},
        {"id": "end", "type": "delay", "delayMs": 0},
    ],
}


@dataclass(frozen=True)
class Case:
    """One route of one dialect."""

    name: str
    route: Route

    def __str__(self) -> str:
        return f"{self.name} {self.route.method} {self.route.path}"

    @property
    def parameters(self) -> list[str]:
        return _PARAMETER.findall(self.route.path)

    @property
    def takes_body(self) -> bool:
        return self.route.method in ("POST", "PUT")

    def path(self, ids: dict[str, str], **changed: str) -> str:
        known = {**ids, **changed}
        return _PARAMETER.sub(lambda match: known[match[1]], self.route.path)

    def body(self) -> Any:
        """Return a body that the route takes."""
        if self.route.path == "/orchestrations":
            return {**DEFINITION, "slug": "another", "trigger": {"type": "on-demand"}}
        if self.route.path.endswith("/test-decision"):
            return {"testData": {}}
        return {"name": "New"} if self.route.method == "PUT" else {"input": {}}


CASES = [
    Case(dialect.name, route)
    for dialect in discover()
    if dialect.name in NAMES
    for route in dialect.routes
]


async def something(client: Client) -> dict[str, str]:
    """Create an orchestration and a run; return what fills the parameters of every path."""
    made = await client.create(DEFINITION)
    run = await client.start(made["id"])
    return {
        "id": made["id"],
        "orchestrationId": made["id"],
        "runId": run["id"],
        "stepId": "choose",
        "path": "hook",
    }
