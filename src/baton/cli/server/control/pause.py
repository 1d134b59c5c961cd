"""`baton runs pause` and `baton runs resume`."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.options import AsJson, Reason, Tenant, Token, Url
from baton.cli.server.runs import RunId, change_run, run_path, run_subject

if TYPE_CHECKING:
    from rich.text import Text


class Timers(StrEnum):
    """The fate of delays and backoffs that a paused run holds."""

    FIRE = "fire"
    SHIFT = "shift"
    SKIP = "skip"


CancelAttempts = Annotated[
    bool, typer.Option("--cancel", help="Cancel running attempts; they start again on resume.")
]
TimersOption = Annotated[
    Timers,
    typer.Option(
        "--timers", help="Delays: fire those that are due, shift all by the pause, or skip them."
    ),
]


def pause_body(reason: str | None, *, cancel: bool) -> dict[str, str]:
    """Return the body of a request to pause a run."""
    body = {} if reason is None else {"reason": reason}
    return {**body, "inflight": "cancel"} if cancel else body


def pause(
    run_id: RunId,
    reason: Reason = None,
    cancel: CancelAttempts = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Pause a run: no step starts and no delay ends until it is resumed.

    Attempts under way may end, and their outcomes are recorded.
    """
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_line

    body = pause_body(reason, cancel=cancel)
    change_run(connect(url, token, tenant), run_subject(run_id), "pause", body)
    print_line(f"{run_id} paused: `baton runs resume {run_id}` lets it go on")


def resume(
    run_id: RunId,
    timers: TimersOption = Timers.FIRE,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what would happen, and do nothing.")
    ] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Resume a paused run."""
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_json, print_line, print_lines

    server, about = connect(url, token, tenant), run_subject(run_id)
    if preview:
        path = f"{run_path(run_id)}/resume-preview"
        found = server.get(path, about, timers=timers.value)
    else:
        found = change_run(server, about, "resume", {"timers": timers.value})
    if as_json:
        print_json(found)
    elif preview:
        print_lines(_preview(found))
    else:
        print_line(f"{run_id} resumed: {found['status']}")


def _preview(found: Mapping[str, Any]) -> "Iterator[Text]":
    """Yield a line for each held timer, each outcome of the pause and each event to come."""
    from rich.text import Text

    for one in found["held"]:
        ends = "ends now" if one["will"] == "fire" else f"ends at {one['endsAt']}"
        yield Text(f"held     {one['stepId']}: {one['kind']} due at {one['dueAt']}, {ends}")
    for one in found["arrived"]:
        yield Text(f"arrived  {one['stepId']}: {one['outcome']} (position {one['position']})")
    for one in found["next"]:
        step = f" {one['stepId']}" if "stepId" in one else ""
        yield Text(f"next     {one['event']}{step}")
