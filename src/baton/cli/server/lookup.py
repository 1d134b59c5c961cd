"""Finds definitions on a server by slug or id."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any, Final
from urllib.parse import quote

import typer

from baton.cli.server.client import Server, connect
from baton.cli.server.refusals import NOT_FOUND, ServerRefused, Subject
from baton.cli.terminal.failures import Failed
from baton.domain.nearest_name import nearest_name

PAGE = 100
COMPLETED: Final = 500
"""The number of definitions that a shell's completion offers."""
NEWEST: Final = 50
"""The number of runs that a shell's completion offers."""
COMPLETION_TIMEOUT_S: Final = 1.0
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
"""Matches words that are safe as completions: a shell evaluates them."""


def find_definition(server: Server, reference: str, as_of: str | None = None) -> dict[str, Any]:
    """Return a definition by its slug or id, in Baton's own format.

    Raises Failed, whose message names the nearest slug.
    """
    definition = look_up(server, reference, as_of)
    if definition is not None:
        return definition
    slugs = (candidate["slug"] for candidate in all_definitions(server, as_of))
    nearest = nearest_name(reference, slugs)
    hint = f"; the nearest is {nearest!r}" if nearest else ""
    then = "" if as_of is None else f" as of {as_of}"
    raise Failed(
        f"There is no definition {reference!r} of tenant {server.tenant} at {server.url}{then}"
        f"{hint}: `baton definitions list` shows all"
    )


def look_up(server: Server, reference: str, as_of: str | None = None) -> dict[str, Any] | None:
    """Return a definition by its slug or id with one request; None if there is none."""
    try:
        return dict(server.get(definition_path(reference), asOf=as_of))
    except ServerRefused as error:
        if error.status != NOT_FOUND:
            raise
        return None


def definition_path(reference: str) -> str:
    """Return the path of a definition in Baton's own API, by its slug or id."""
    return f"/definitions/{quote(reference, safe='')}"


def definition_subject(reference: str) -> Subject:
    """Return a definition as the subject of messages."""
    return Subject(
        kind="definition",
        ident=reference,
        others="`baton definitions list` shows all",
        state=f"`baton definitions show {reference}` shows it",
    )


def all_definitions(server: Server, as_of: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield all definitions, without their steps, by slug."""
    offset, total = 0, 1
    while offset < total:
        page = server.get("/definitions", limit=PAGE, offset=offset, asOf=as_of)
        yield from page["definitions"]
        offset, total = offset + PAGE, page["total"]


def triggers_of(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the triggers of a definition, which shows a list only if it has several."""
    trigger = definition["trigger"]
    return trigger if isinstance(trigger, list) else [trigger]


def complete_definitions(options: Mapping[str, Any]) -> list[str]:
    """Return the slugs of definitions; empty if these options reach no server."""
    return _complete(
        options, lambda server: (definition["slug"] for definition in all_definitions(server))
    )


def complete_runs(options: Mapping[str, Any]) -> list[str]:
    """Return the ids of the newest runs; empty if these options reach no server."""
    return _complete(
        options, lambda server: (run["id"] for run in server.get("/runs", limit=NEWEST)["runs"])
    )


def _complete(options: Mapping[str, Any], ask: Callable[[Server], Iterable[str]]) -> list[str]:
    with suppress(Failed, typer.BadParameter):
        server = connect(options.get("url"), options.get("token"), options.get("tenant"))
        words = ask(replace(server, timeout_s=COMPLETION_TIMEOUT_S))
        return [word for word in islice(words, COMPLETED) if _WORD.fullmatch(word)]
    return []
