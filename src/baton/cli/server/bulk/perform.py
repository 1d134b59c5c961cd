"""Performs an action on the chosen runs: shows them, asks, requests the bulk and follows it."""

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from baton.cli.server.bulk.chosen_runs import Chosen
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.cli.server.client import Server

SHORTEST_S, LONGEST_S = 0.05, 1.0
ENDED = ("completed", "stopped")


def perform(action: str, args: Mapping[str, Any], chosen: Chosen) -> None:
    """Perform the action on the chosen runs and print the outcomes.

    Raises Failed if it failed for some of them, and Abort if the user declines.
    """
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_note

    server = connect(*chosen.server)
    _require_definition(server, chosen.body)
    body = {"action": action, "args": args, **chosen.body}
    preview = server.call("POST", "/bulk", {**body, "dryRun": True}, of_options=True)
    if not preview["count"]:
        print_note("No run is chosen.")
        return
    if not chosen.yes:
        _ask(action, preview, as_json=chosen.as_json)
    if chosen.per_second is not None:
        body["perSecond"] = chosen.per_second
    bulk = server.call("POST", "/bulk", {**body, "confirm": preview["confirm"]}, of_options=True)
    show_requested(server, bulk, detach=chosen.detach, as_json=chosen.as_json)


def _require_definition(server: "Server", body: Mapping[str, Any]) -> None:
    """Raise Failed if the definition of a filter doesn't exist; the message names the nearest."""
    from baton.cli.server.lookup import find_definition

    reference = body.get("filter", {}).get("definition")
    if reference is not None:
        find_definition(server, reference)


def show_requested(
    server: "Server", bulk: Mapping[str, Any], *, detach: bool, as_json: bool
) -> None:
    """Print the bulk that was requested, or follow it to its end; raises Failed."""
    from baton.cli.terminal.output import print_json, print_line

    if not detach:
        _print_end(server, bulk["id"], as_json=as_json)
    elif as_json:
        print_json(bulk)
    else:
        print_line(bulk["id"])


def _print_end(server: "Server", bulk_id: str, *, as_json: bool) -> None:
    """Follow a bulk to its end and print the number of runs by outcome; raises Failed."""
    from baton.cli.server.bulk.tables import summary
    from baton.cli.terminal.output import print_json, print_line

    bulk = _follow(server, bulk_id)
    if as_json:
        print_json(bulk)
    else:
        print_line(summary(bulk))
    if bulk["failed"]:
        raise Failed(
            f"{bulk['failed']} failed: `baton bulk show {bulk_id} --outcome failed` shows why,"
            f" `baton bulk retry {bulk_id}` tries them again"
        )


def _ask(action: str, preview: Mapping[str, Any], *, as_json: bool) -> None:
    """Show the first runs of a preview and ask; raises Abort, and Failed without a terminal."""
    from baton.cli.server.lists import print_runs
    from baton.cli.terminal.output import print_note

    count, sample = preview["count"], preview["sample"]
    if not sys.stdin.isatty():
        raise Failed(f"This would {action} {count} runs: confirm it with --yes")
    if not as_json:
        print_runs(sample)
    if count > len(sample):
        print_note(f"… and {count - len(sample)} more.")
    noun = "run" if count == 1 else "runs"
    typer.confirm(f"{action.capitalize()} {count} {noun}?", abort=True, err=True)


def _follow(server: "Server", bulk_id: str) -> Mapping[str, Any]:
    """Return the bulk once it has ended; a terminal shows its progress meanwhile."""
    from baton.cli.terminal.progress import progress_bar

    pause, seen = SHORTEST_S, 0
    with progress_bar("treating runs", "runs") as show:
        while True:
            bulk: Mapping[str, Any] = server.get(bulk_path(bulk_id))
            treated = bulk["total"] - bulk["pending"]
            show(treated, bulk["total"])
            if bulk["status"] in ENDED:
                return bulk
            pause = SHORTEST_S if treated > seen else min(pause * 1.5, LONGEST_S)
            seen = treated
            time.sleep(pause)


def bulk_path(bulk_id: str) -> str:
    """Return the path of a bulk on the server."""
    from urllib.parse import quote

    return f"/bulk/{quote(bulk_id, safe='')}"
