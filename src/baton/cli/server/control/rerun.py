"""`baton runs rerun`: runs a run again as a new run."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from baton.cli.documents import parse_object
from baton.cli.options import AsJson, IdempotencyKey, Tenant, Token, Url
from baton.cli.server.runs import RunId, run_path, run_subject

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def _checked_version(text: str) -> str:
    if text in {"pinned", "latest"} or _NUMBER.fullmatch(text):
        return text
    raise typer.BadParameter("write pinned, latest or a number")


def rerun(
    run_id: RunId,
    start: Annotated[
        str,
        typer.Option("--from", metavar="STEP", help="Step to begin with; or start, or failed."),
    ] = "start",
    visit: Annotated[
        int | None,
        typer.Option("--visit", metavar="N", min=1, show_default="newest", help="Visit of it."),
    ] = None,
    version: Annotated[
        str,
        typer.Option(
            "--version",
            metavar="V",
            callback=_checked_version,
            help="Version: pinned (the run's), latest, or N.",
        ),
    ] = "pinned",
    input_patch: Annotated[
        dict[str, Any] | None,
        typer.Option(
            "--input-patch",
            metavar="JSON",
            parser=parse_object,
            show_default="none",
            help="Merge patch of the input: an object, @FILE, or @- for stdin.",
        ),
    ] = None,
    context_patch: Annotated[
        dict[str, Any] | None,
        typer.Option(
            "--context-patch",
            metavar="JSON",
            parser=parse_object,
            show_default="none",
            help="Merge patch of the context.",
        ),
    ] = None,
    outputs: Annotated[
        dict[str, Any] | None,
        typer.Option(
            "--outputs",
            metavar="JSON",
            parser=parse_object,
            show_default="none",
            help="Outputs of steps that aren't run, by step id.",
        ),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Reason, stored with the run.")
    ] = None,
    key: IdempotencyKey = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would run, and start nothing.")
    ] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = None,
) -> None:
    """Run a run again, as a new run, and print its id.

    Outcomes of the steps before --from are taken over; their functions aren't called.
    """
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_json, print_line, print_note

    body = {
        "from": start,
        "visit": visit,
        "version": int(version) if version.isdigit() else version,
        "inputPatch": input_patch,
        "contextPatch": context_patch,
        "outputs": outputs,
        "reason": reason,
        "dryRun": dry_run or None,
    }
    found = connect(url, token, tenant).call(
        "POST",
        f"{run_path(run_id)}/rerun",
        {name: value for name, value in body.items() if value is not None},
        headers=None if key is None else {"Idempotency-Key": key},
        about=run_subject(run_id),
        of_options=True,
    )
    if as_json:
        print_json(found)
        return
    print_line(_plan(found) if dry_run else found["id"])
    for warning in found["warnings"]:
        print_note(warning)


def _plan(found: Mapping[str, Any]) -> str:
    copied, will_run = (", ".join(found[name]) or "nothing" for name in ("copied", "willRun"))
    return f"Takes over {copied}; runs {will_run}"
