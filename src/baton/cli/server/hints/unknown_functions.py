"""Names the functions of a definition that no running executor knows."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from baton.cli.server.client import Server
from baton.cli.server.refusals import NOT_FOUND, ServerRefused
from baton.domain.nearest_name import nearest_name


def unknown_functions(server: Server, document: Any, paths: Sequence[str]) -> Iterator[str]:
    """Yield a sentence about each unknown function; none while no executor runs.

    Args:
        server: The server whose executors are asked.
        document: The definition.
        paths: The members that name functions, as an API describes them.
    """
    used = [reference for path in paths for reference in references(document, path)]
    overview = _known_functions(server) if used else None
    if overview is None or not overview["executors"]:
        return
    names = [entry["name"] for entry in overview["functions"]]
    known = {
        *names,
        *(ref for entry in overview["functions"] for ref in (entry["id"], *entry["aliases"])),
    }
    for place, reference in used:
        if reference not in known and _canonical(reference) not in known:
            nearest = nearest_name(reference, names)
            hint = f"; the nearest is {nearest!r}" if nearest else ""
            yield (
                f"{place}: no running executor knows the function {reference!r}{hint}"
                " (`baton functions list` shows all)"
            )


def references(document: Any, path: str, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield place and text of each member that `path` leads to: `steps[].functionId`."""
    member, _, rest = path.partition(".")
    name = member.removesuffix("[]")
    if not isinstance(document, dict) or name not in document:
        return
    value, at = document[name], f"{place}.{name}".removeprefix(".")
    if member != name:
        for index, element in enumerate(value if isinstance(value, list) else ()):
            yield from references(element, rest, f"{at}[{index}]")
    elif rest:
        yield from references(value, rest, at)
    elif isinstance(value, str):
        yield at, value


def _known_functions(server: Server) -> Any:
    """Return the server's functions, None from a server that can't list them."""
    try:
        return server.get("/functions")
    except ServerRefused as error:
        if error.status != NOT_FOUND:
            raise
        return None


def _canonical(reference: str) -> str | None:
    try:
        return str(UUID(reference))
    except ValueError:
        return None
