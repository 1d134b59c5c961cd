"""The `baton` program: one module per verb, each importing its dependencies when it is called.

Exit codes: 0 for success, 1 for a failure, 2 for wrong usage, 130 after Ctrl-C. `dev` and the
services stop in order on Ctrl-C and exit 0. A failure prints one line on stderr that says what to
do next.
"""

import io
import sys
from typing import Annotated

import typer

from baton.cli import config, make_token
from baton.cli.data import (
    deadletters,
    export_events,
    import_events,
    migrate,
    replay,
    republish,
    secrets,
)
from baton.cli.server import definitions, events, runs
from baton.cli.services import demo, dev, roles, up, worker
from baton.cli.terminal.failures import INTERRUPTED, describe_error, print_error

app = typer.Typer(
    name="baton",
    help="Run durable workflows: every step is an event.",
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback(invoke_without_command=True)
def _baton(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"baton {version_of('baton-orchestrator')}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


_START, _SERVICES, _SERVER = "Start here", "Services", "Work with a server"
_DATA = "Work with stored data"

app.command(rich_help_panel=_START)(demo.demo)
app.command(rich_help_panel=_START)(dev.dev)
app.command(rich_help_panel=_SERVICES)(up.up)
app.command(rich_help_panel=_SERVICES)(migrate.migrate)
for verb in roles.VERBS:
    app.command(rich_help_panel=_SERVICES)(verb)
app.command(rich_help_panel=_SERVICES)(worker.worker)
app.add_typer(definitions.app, name="definitions", rich_help_panel=_SERVER)
app.add_typer(runs.app, name="runs", rich_help_panel=_SERVER)
app.add_typer(events.app, name="events", rich_help_panel=_SERVER)
app.command(rich_help_panel=_DATA)(make_token.token)
app.command(rich_help_panel=_DATA)(config.config)
app.command(rich_help_panel=_DATA)(replay.replay)
app.add_typer(deadletters.app, name="deadletters", rich_help_panel=_DATA)
app.add_typer(secrets.app, name="secrets", rich_help_panel=_DATA)
app.command(rich_help_panel=_DATA)(export_events.export)
app.command("import", rich_help_panel=_DATA)(import_events.import_)
app.command(rich_help_panel=_DATA)(republish.republish)


def run() -> None:
    """Run the verb that the process's arguments name, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without € shows ?
    try:
        code = app(prog_name="baton", standalone_mode=False)
    except typer.TyperException as error:
        print_error(_usage(error))
        code = error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - every failure is one line
        print_error(describe_error(error))
        code = 1
    sys.exit(code)


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    verb = "baton" if context is None else context.command_path
    return f"{verb}: {' '.join(error.format_message().split())} (see {verb} --help)"
