"""All verbs together: one module per verb, each importing what it needs when it is asked for.

Exits 0 on success, 1 on failure and 2 on bad usage, both with one line on stderr that says what to
do; what Ctrl-C ends exits 130, but for `dev`, which it ends properly.
"""

import io
import sys
from typing import Annotated

import typer

from baton.cli import config, make_token
from baton.cli.data import deadletters, export_events, import_events, migrate, replay, republish
from baton.cli.server import definitions, events, runs
from baton.cli.services import demo, dev, roles, up, worker
from baton.cli.terminal.failures import INTERRUPTED, describe_error, print_error

app = typer.Typer(
    name="baton",
    help="Workflows that survive anything: every step is an event.",
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
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


_START, _SERVICES, _SERVER = "Start here", "Services", "On a server"
_DATA = "On the data of an installation"

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
app.command(rich_help_panel=_DATA)(export_events.export)
app.command("import", rich_help_panel=_DATA)(import_events.import_)
app.command(rich_help_panel=_DATA)(republish.republish)


def run() -> None:
    """Do what the process's arguments say, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no € gets a ?
    try:
        code = app(prog_name="baton", standalone_mode=False)
    except typer.TyperException as error:
        print_error(_usage(error))
        code = error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - each is told in one line
        print_error(describe_error(error))
        code = 1
    sys.exit(code)


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    verb = "baton" if context is None else context.command_path
    return f"{verb}: {' '.join(error.format_message().split())} (see {verb} --help)"
