"""A run as verbs name it: the argument RUN, its path on the server, and its name in messages."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from baton.cli.server.client import Server
    from baton.cli.server.refusals import Subject


def _complete_run(context: typer.Context) -> list[str]:
    from baton.cli.server.lookup import complete_runs

    return complete_runs(context.params)


RunId = Annotated[
    str,
    typer.Argument(metavar="RUN", autocompletion=_complete_run, help="Id of the run."),
]


def run_path(run_id: str) -> str:
    """Return the path of a run in the server's API."""
    from urllib.parse import quote

    return f"/runs/{quote(run_id, safe='')}"


def run_subject(run_id: str, part: str = "") -> "Subject":
    """Return a run as the subject of messages."""
    from baton.cli.server.refusals import Subject

    return Subject(
        kind="run",
        ident=run_id,
        others="`baton runs list` shows the newest",
        state=f"`baton runs show {run_id}` shows it",
        part=part,
    )


def change_run(server: "Server", run: "Subject", change: str, body: dict[str, Any]) -> Any:
    """Send a request that changes a run, and return the answer."""
    return server.call("POST", f"{run_path(run.ident)}/{change}", body, about=run, of_options=True)
