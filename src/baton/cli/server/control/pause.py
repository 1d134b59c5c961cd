"""`baton runs pause` and `baton runs resume`."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.options import AsJson, Reason, Tenant, Token, Url
from baton.cli.server.runs.run_reference import RunId, change_run, run_path, run_subject

if TYPE_CHECKING:
    from rich.text import Text


class Timers(StrEnum):
    """The end of delays and backoffs that the pause has held, once the run is resumed."""

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
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Pause a run: no step starts and no delay ends until it is resumed.

    Running attempts may end, and their outcomes are recorded.
    """
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_result

    body = pause_body(reason, cancel=cancel)
    document = change_run(connect(url, token, tenant), run_subject(run_id), "pause", body)
    paused = f"{run_id} paused: `baton runs resume {run_id}` lets it go on"
    print_result(document, paused, as_json=as_json)


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
    from baton.cli.terminal.output import print_json, print_lines, print_result

    server, about = connect(url, token, tenant), run_subject(run_id)
    if not preview:
        document = change_run(server, about, "resume", {"timers": timers.value})
        print_result(document, f"{run_id} resumed: {document['status']}", as_json=as_json)
        return
    document = server.get(f"{run_path(run_id)}/resume-preview", about, timers=timers.value)
    if as_json:
        print_json(document)
    else:
        print_lines(_preview(document))


def _preview(preview: Mapping[str, Any]) -> "Iterator[Text]":
    """Yield a line for each held timer, each outcome during the pause and each event to come."""
    from rich.text import Text

    for entry in preview["held"]:
        ends = "ends now" if entry["will"] == "fire" else f"ends at {entry['endsAt']}"
        yield Text(f"held     {entry['stepId']}: {entry['kind']} due at {entry['dueAt']}, {ends}")
    for entry in preview["arrived"]:
        yield Text(f"arrived  {entry['stepId']}: {entry['outcome']} (position {entry['position']})")
    for entry in preview["next"]:
        step = f" {entry['stepId']}" if "stepId" in entry else ""
        yield Text(f"next     {entry['event']}{step}")
