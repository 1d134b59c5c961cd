"""Prints the logs of a run's functions, and follows them while the run goes on."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from rich.text import Text

from baton.cli.server.client import Server
from baton.cli.server.reconnecting import Reconnecting
from baton.cli.server.refusals import Subject
from baton.cli.terminal.output import print_lines, print_note
from baton.cli.terminal.visible import visible_json

WAIT: Final = {"Prefer": "wait=20"}
"""Makes the server wait for the next line, for less time than a request may take."""

COLORS: Final = {"warning": "yellow", "error": "red", "critical": "bold red", "debug": "dim"}

Line = Mapping[str, Any]


def print_logs(
    server: Server,
    run: str,
    about: Subject,
    chosen: Mapping[str, object],
    *,
    follow: bool,
    as_json: bool,
) -> None:
    """Print the stored lines, and with `follow` every further line until the run ends.

    Args:
        server: The server.
        run: The path of the run.
        about: The run and the chosen step, for messages.
        chosen: The parameters that choose steps and attempts; None values are left out.
        follow: Wait for further lines until the run ends.
        as_json: Print each line as JSON.
    """
    server.get(run, about)  # refuses an unknown run, before outages are waited out
    headers = WAIT if follow else None
    fetch = Reconnecting(server, f"{run}/logs", about=about, headers=headers)
    has_lines = False
    for lines in _pages(fetch, chosen, follow=follow):
        has_lines = True
        _print(lines, as_json=as_json)
    if not has_lines:
        print_note("No line was logged")


def _pages(
    fetch: Reconnecting, chosen: Mapping[str, object], *, follow: bool
) -> Iterator[list[Line]]:
    """Yield pages with lines until no more exist now, or with `follow` until the run ends."""
    query = {name: value for name, value in chosen.items() if value is not None}
    while True:
        page = fetch(f"?{urlencode(query)}" if query else "")
        if page["lines"]:
            yield page["lines"]
        if "after" not in page or not (page["lines"] or follow):
            return
        query["after"] = page["after"]


def _print(lines: list[Line], *, as_json: bool) -> None:
    if as_json:
        for line in lines:
            sys.stdout.write(visible_json(json.dumps(line, ensure_ascii=False)) + "\n")
    else:
        print_lines(text for line in lines for text in _texts(line))
    sys.stdout.flush()


def _texts(line: Line) -> Iterator[Text]:
    """Yield a line as text: each further line of its message follows on its own, indented."""
    visit = f"{line['visit']}." if line["visit"] > 1 else ""
    where = f"{line['stepId']}[{visit}{line['attempt']}]"
    if "omitted" in line:
        yield Text(f"{'':24} {'':8} {where} … {line['omitted']} lines are left out …", "dim")
        return
    first, *rest = line["message"].split("\n")
    level = (f"{line['level']:8}", COLORS.get(line["level"], ""))
    yield Text.assemble((line["at"], "dim"), " ", level, " ", (where, "cyan"), f" {first}")
    for continuation in rest:
        yield Text(f"    {continuation}")
