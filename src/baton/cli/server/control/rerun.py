"""`baton runs rerun`: runs a run again as a new run."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from baton.cli.documents import parse_object
from baton.cli.options import AsJson, IdempotencyKey, Reason, Tenant, Token, Url
from baton.cli.server.runs.run_reference import RunId, run_path, run_subject

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def _checked_version(text: str) -> str:
    if text in {"pinned", "latest"} or _NUMBER.fullmatch(text):
        return text
    raise typer.BadParameter("write pinned, latest or a number")


From = Annotated[
    str,
    typer.Option("--from", metavar="STEP", help="Step to begin with; or start, or failed."),
]
Version = Annotated[
    str,
    typer.Option(
        "--version",
        metavar="V",
        callback=_checked_version,
        help="Version: pinned (the run's), latest, or N.",
    ),
]
InputPatch = Annotated[
    dict[str, Any] | None,
    typer.Option(
        "--input-patch",
        metavar="JSON",
        parser=parse_object,
        show_default="none",
        help="Merge patch of the input: an object, @FILE, or @- for stdin.",
    ),
]
ContextPatch = Annotated[
    dict[str, Any] | None,
    typer.Option(
        "--context-patch",
        metavar="JSON",
        parser=parse_object,
        show_default="none",
        help="Merge patch of the context.",
    ),
]
Outputs = Annotated[
    dict[str, Any] | None,
    typer.Option(
        "--outputs",
        metavar="JSON",
        parser=parse_object,
        show_default="none",
        help="Outputs by step id, for steps that aren't run.",
    ),
]


def rerun(
    run_id: RunId,
    start: From = "start",
    visit: Annotated[
        int | None,
        typer.Option("--visit", metavar="N", min=1, show_default="newest", help="Visit of STEP."),
    ] = None,
    version: Version = "pinned",
    input_patch: InputPatch = None,
    context_patch: ContextPatch = None,
    outputs: Outputs = None,
    reason: Reason = None,
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

    The outcomes of the steps before --from are copied; their functions aren't called.
    """
    from baton.cli.server.client import connect
    from baton.cli.terminal.output import print_json, print_line, print_note

    body = rerun_body(
        start=start,
        visit=visit,
        version=version,
        input_patch=input_patch,
        context_patch=context_patch,
        outputs=outputs,
        reason=reason,
    )
    if dry_run:
        body["dryRun"] = True
    document = connect(url, token, tenant).call(
        "POST",
        f"{run_path(run_id)}/rerun",
        body,
        headers=None if key is None else {"Idempotency-Key": key},
        about=run_subject(run_id),
        of_options=True,
    )
    if as_json:
        print_json(document)
        return
    print_line(_plan(document) if dry_run else document["id"])
    for warning in document["warnings"]:
        print_note(warning)


def rerun_body(
    *,
    start: str,
    version: str,
    input_patch: Mapping[str, Any] | None,
    context_patch: Mapping[str, Any] | None,
    outputs: Mapping[str, Any] | None,
    reason: str | None,
    visit: int | None = None,
) -> dict[str, Any]:
    """Return the body of a request to run a run again, with the options that were given."""
    body = {
        "from": start,
        "visit": visit,
        "version": int(version) if version.isdigit() else version,
        "inputPatch": input_patch,
        "contextPatch": context_patch,
        "outputs": outputs,
        "reason": reason,
    }
    return {name: value for name, value in body.items() if value is not None}


def _plan(plan: Mapping[str, Any]) -> str:
    copied, will_run = (", ".join(plan[name]) or "nothing" for name in ("copied", "willRun"))
    return f"Takes over {copied}; runs {will_run}"
