"""The `baton` program: one module per verb, each importing its dependencies when it is called.

Exit codes: 0 for success, 1 for a failure, 2 for wrong usage or a missing file, 130 after Ctrl-C.
`dev` and the services stop in order on Ctrl-C and exit 0. A failure prints one line on stderr that
says what to do next.
"""

import io
import sys
from typing import Annotated

import typer

from baton.cli import about, config, make_token
from baton.cli.audit import app as audit
from baton.cli.backtest import backtest
from baton.cli.data import (
    apikey,
    deadletters,
    export_events,
    import_events,
    migrate,
    replay,
    republish,
    secrets,
    user,
)
from baton.cli.server import definitions, events, functions
from baton.cli.server.bulk import verbs as bulk
from baton.cli.server.control import explain, hold, pause, rerun
from baton.cli.server.runs import verbs as runs
from baton.cli.server.webhooks import verbs as webhooks
from baton.cli.services import demo, dev, roles, ui, up, worker
from baton.cli.terminal.commands import Group, did_you_mean, use_own_help
from baton.cli.terminal.failures import INTERRUPTED, describe_error, exit_code_of, print_error
from baton.cli.traces import app as traces
from baton.cli.views import app as views

_START, _SERVER, _DATA = "Start here", "Work with a server", "Work with stored data"
_SERVICES, _HELP = "Services", "Help"


class _Root(Group):
    """The program itself."""

    panels = (_START, _SERVER, _DATA, _SERVICES, _HELP)


app = typer.Typer(
    name="baton",
    help="Run durable workflows: every step is an event.",
    epilog="`baton help COMMAND` shows the help of a command, as does `baton COMMAND --help`.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _baton(
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", is_eager=True, callback=about.on_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Accept `--version` before a verb."""


app.command(rich_help_panel=_START)(demo.demo)
app.command(rich_help_panel=_START)(dev.dev)
app.command(rich_help_panel=_START)(ui.ui)
app.add_typer(definitions.app, name="definitions", rich_help_panel=_SERVER)
app.add_typer(runs.app, name="runs", rich_help_panel=_SERVER)
runs.app.command()(pause.pause)
runs.app.command()(pause.resume)
runs.app.command()(rerun.rerun)
app.add_typer(bulk.app, name="bulk", rich_help_panel=_SERVER)
app.add_typer(explain.app, name="explain", rich_help_panel=_SERVER)
app.add_typer(events.app, name="events", rich_help_panel=_SERVER)
app.add_typer(functions.app, name="functions", rich_help_panel=_SERVER)
app.add_typer(webhooks.app, name="webhooks", rich_help_panel=_SERVER)
app.command(rich_help_panel=_SERVER)(hold.hold)
app.command(rich_help_panel=_SERVER)(hold.release)
app.command(rich_help_panel=_DATA)(make_token.token)
app.add_typer(apikey.app, name="apikey", rich_help_panel=_DATA)
app.add_typer(user.app, name="user", rich_help_panel=_DATA)
app.command(rich_help_panel=_DATA)(config.config)
app.command(rich_help_panel=_DATA)(replay.replay)
app.add_typer(views.app, name="views", rich_help_panel=_DATA)
app.add_typer(audit.app, name="audit", rich_help_panel=_DATA)
app.add_typer(traces.app, name="traces", rich_help_panel=_DATA)
app.command(rich_help_panel=_DATA)(backtest.backtest)
app.add_typer(deadletters.app, name="deadletters", rich_help_panel=_DATA)
app.add_typer(secrets.app, name="secrets", rich_help_panel=_DATA)
app.command(rich_help_panel=_DATA)(export_events.export)
app.command("import", rich_help_panel=_DATA)(import_events.import_)
app.command(rich_help_panel=_DATA)(republish.republish)
app.command(rich_help_panel=_SERVICES)(up.up)
app.command(rich_help_panel=_SERVICES)(migrate.migrate)
for verb in roles.VERBS:
    app.command(rich_help_panel=_SERVICES)(verb)
app.command(rich_help_panel=_SERVICES)(worker.worker)
app.command("help", rich_help_panel=_HELP)(about.help_)
app.command(rich_help_panel=_HELP)(about.version)
app.command(rich_help_panel=_HELP)(about.completion)
use_own_help(app, _Root)


def run() -> None:
    """Run the verb that the process's arguments name, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without € shows ?
    about.prepare_completion()
    try:
        code = app(prog_name="baton", standalone_mode=False)
    except typer.TyperException as error:
        print_error(_usage(error))
        code = error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - every failure is one line
        print_error(describe_error(error))
        code = exit_code_of(error)
    sys.exit(code)


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    verb = "baton" if context is None else context.command_path
    message = " ".join(error.format_message().split()).replace(": Value error, ", ": ")
    if hasattr(error, "possibilities"):  # typer doesn't export the class of an unknown option
        option, near = getattr(error, "option_name", ""), getattr(error, "possibilities", None)
        message = f"No such option {option!r}.{did_you_mean(near or ())}"
    return f"{verb}: {message} (see {verb} --help)"
