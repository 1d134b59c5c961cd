"""The places of the domain's faults, as a document in Baton's own format names them."""

from collections.abc import Iterator, Sequence
from typing import Final

from baton.command_api.http.strictness import DocumentMember
from baton.command_api.own.definitions.format.findings import Path
from baton.domain.definition.graph import Graph, Sync
from baton.domain.errors import Fault

_TRIGGER: Final = {
    "event_type": "event",
    "expression": "cron",
    "every_ms": "every",
    "path": "webhook",
    "signature_header": "header",
}
_STEP: Final = {
    "cases": "decide",
    "default_next": "else",
    "conditions": "if",
    "delay_ms": "delay",
    "timeout_ms": "timeout",
    "max_attempts": "attempts",
    "backoff_ms": "backoff",
    "multiplier": "factor",
}


def in_document(fault: Fault, graph: Graph, triggers: Sequence[Path]) -> Fault:
    """Return a fault of the domain with the members of the format.

    Args:
        fault: The fault.
        graph: The faulty graph.
        triggers: The paths of the triggers in the document.
    """
    path = fault.path
    if path[:1] == ("trigger",):
        several = len(path) > 1 and isinstance(path[1], int)
        at = path[1] if several else 0
        path = (*triggers[int(at)], *path[1 + several :])
    return Fault(tuple(_names(path, graph)), fault.message)


def _names(path: Path, graph: Graph) -> Iterator[str | int]:
    words = _TRIGGER if path[:1] == ("trigger",) else _STEP
    joins = len(path) > 1 and isinstance(path[1], int) and _is_join(graph, path[1])
    for part in path:
        if isinstance(part, int):
            yield part
        else:
            yield DocumentMember("join" if joins and part == "needs" else words.get(part, part))


def _is_join(graph: Graph, index: int) -> bool:
    return index < len(graph.steps) and isinstance(graph.steps[index], Sync)
