"""Prints what the functions of a run have logged, and follows it while the run goes on."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from rich.text import Text

from baton.cli.server.reconnecting import Reconnecting
from baton.cli.terminal.output import print_lines
from baton.cli.terminal.visible import visible_json

WAIT: Final = {"Prefer": "wait=20"}
"""Lets the server answer with the next line; less than the time that a request may take."""

COLORS: Final = {"warning": "yellow", "error": "red", "critical": "bold red", "debug": "dim"}

Line = Mapping[str, Any]


def print_logs(fetch: Reconnecting, chosen: Mapping[str, object], *, as_json: bool) -> bool:
    """Print the lines that the server has, or with the preference `WAIT` all until the run ends.

    Args:
        fetch: Called with a query; returns a page of the logs of a run.
        chosen: The parameters that choose steps and attempts; those that are None are left out.
        as_json: Print each line as JSON.

    Returns whether there was any line.
    """
    follows, found = fetch.headers is not None, False
    query = {name: value for name, value in chosen.items() if value is not None}
    while True:
        page = fetch(f"?{urlencode(query)}" if query else "")
        found = found or bool(page["lines"])
        _print(page["lines"], as_json=as_json)
        if "after" not in page or not (page["lines"] or follows):
            return found
        query["after"] = page["after"]


def _print(lines: list[Line], *, as_json: bool) -> None:
    if as_json:
        for line in lines:
            sys.stdout.write(visible_json(json.dumps(line, ensure_ascii=False)) + "\n")
    else:
        print_lines(text for line in lines for text in _texts(line))
    sys.stdout.flush()


def _texts(line: Line) -> Iterator[Text]:
    """Yield a line as text: each further line of its message stands alone, indented."""
    visit = f"{line['visit']}." if line["visit"] > 1 else ""
    where = f"{line['stepId']}[{visit}{line['attempt']}]"
    if "omitted" in line:
        yield Text(f"{'':24} {'':8} {where} … {line['omitted']} lines are left out …", "dim")
        return
    first, *rest = line["message"].split("\n")
    level = (f"{line['level']:8}", COLORS.get(line["level"], ""))
    yield Text.assemble((line["at"], "dim"), " ", level, " ", (where, "cyan"), f" {first}")
    for one in rest:
        yield Text(f"    {one}")
