"""`baton migrate`: brings the database schema and the Kafka topics up to this release."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from baton.settings import Settings


def migrate() -> None:
    """Create or upgrade the database schema and the Kafka topics.

    It migrates BATON_STORE and BATON_LOG; running it again changes nothing. A store in files needs
    no migration.
    """
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings

    run_async(_migrate(load_settings()))


async def _migrate(settings: "Settings") -> None:
    """Migrate the store, then the log; print the changes of each when they are made."""
    for step in (_migrated_store, _migrated_log):
        for line in await step(settings):
            typer.echo(line)


async def _migrated_store(settings: "Settings") -> list[str]:
    from baton.backend_choice import backend_of
    from baton.protocols.masking import masked
    from baton.stores import store_location

    shown = masked(settings.store_url)
    backend = backend_of(settings.store_url)
    if "shared" not in backend.capabilities:
        return [f"{shown} is migrated when it is opened (for services set BATON_STORE)"]
    done = [f"migrated {name}" for name in await backend.migrate(store_location(settings))]
    return [*done, f"The schema of {shown} is up to date."]


async def _migrated_log(settings: "Settings") -> list[str]:
    from baton.backend_choice import transport_of
    from baton.protocols.masking import masked
    from baton.stores import transport_location

    shown = masked(settings.log)
    transport = transport_of(settings.log)
    if transport is None:
        return [f"{shown} has no topics (for services set BATON_LOG)"]
    done = [
        f"created topic {name}" for name in await transport.migrate(transport_location(settings))
    ]
    return [*done, f"The topics of {shown} are up to date."]
