"""`baton secrets …`: the keys that seal stored secrets."""

import typer

from baton.cli.options import DataFolder
from baton.cli.terminal.failures import Failed

app = typer.Typer(help="Keys of stored secrets: reseal.")


@app.callback()
def _secrets() -> None:
    """Keep `reseal` a subcommand: typer turns a group with a single command into that command."""


@app.command()
def reseal(data: DataFolder = None) -> None:
    """Move every stored secret to the newest key, the first of BATON_SEAL_KEY.

    Services may run meanwhile if they have the newest key already. Running it again changes
    nothing.
    """
    from baton.backend_choice import backend_of
    from baton.cli.data.store_checks import require_data
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.stores import store_location

    settings = load_settings(data=data)
    require_data(settings)
    location = store_location(settings, sealing="all")
    if not location.secrets_keys:
        raise Failed("There is no key: set BATON_SEAL_KEY (openssl rand -hex 32 makes one)")
    done = run_async(backend_of(settings.store_url).reseal(location))
    typer.echo(f"Moved {done.moved} secrets to the newest key.")
    if done.unreadable:
        raise Failed(
            f"{len(done.unreadable)} secrets are sealed with keys that aren't configured, such"
            f" as {done.unreadable[0]}: add the old keys to BATON_SEAL_KEY, or set them again"
        )
