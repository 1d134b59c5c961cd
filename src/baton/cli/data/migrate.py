"""`baton migrate`: brings the database schema and the Kafka topics up to this release."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from baton.settings import Settings


def migrate() -> None:
    """Create or upgrade the database schema and the Kafka topics. A repetition changes nothing."""
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings

    done = run_async(_migrated(load_settings()))
    for one in done:
        typer.echo(one)
    typer.echo("Everything is up to date." if not done else "Done.")


async def _migrated(settings: "Settings") -> list[str]:
    from baton.backend_choice import backend_of, transport_of
    from baton.wiring import store_location, transport_location

    backend, transport = backend_of(settings.store_url), transport_of(settings.log)
    done = [f"migrated {name}" for name in await backend.migrate(store_location(settings))]
    if transport is not None:
        topics = await transport.migrate(transport_location(settings))
        done += [f"created topic {name}" for name in topics]
    return done
