"""`baton audit run`: every event of one run with its actor and time, and the resulting state."""

from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.moments import LogPoint, parse_log_point
from baton.cli.option_checks import check_tenant
from baton.cli.options import AsJson, DataFolder
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baton.command_api.own.audit.run_history import Entry, Until
    from baton.eventlog.ports.backend import Stores
    from baton.settings import Settings


def run(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")],
    at: Annotated[
        LogPoint | None,
        typer.Option(
            "--at",
            metavar="POSITION|TIME",
            parser=parse_log_point,
            show_default="now",
            help="Show the history and the state as of this position or time.",
        ),
    ] = None,
    data: DataFolder = None,
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant",
            metavar="T",
            callback=check_tenant,
            show_default="looked up in the views",
            help="Tenant of the run.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show each event of a run with its position, time, actor and leaf, then the state.

    It reads the store beside running services. The last leaf is what `GET /audit/proof` proves.
    """
    from baton.cli.data.store_checks import require_data, require_durable
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.output import print_json
    from baton.command_api.own.audit.run_history import Until, state_of

    until = Until() if at is None else Until(position=at.position, at=at.at)
    settings = load_settings(data=data)
    require_durable(settings)
    require_data(settings)
    entries, sealed = run_async(_read(settings, tenant, run_id, until))
    if not entries:
        raise Failed(f"There is no run {run_id}{' at that time' if at else ''} in this store")
    if as_json:
        print_json(
            {
                "id": run_id,
                "stream": entries[0].recorded.stream,
                "sealedUpTo": sealed,
                "events": [entry.document for entry in entries],
                "state": state_of(entries),
            }
        )
    else:
        _print(entries, sealed)


async def _read(
    settings: "Settings", tenant: str | None, run_id: str, until: "Until"
) -> "tuple[list[Entry], int]":
    """Return the history of a run, and the position up to which a head covers the log."""
    from baton.cli.data.run_owner import owner_of_run
    from baton.command_api.own.audit.run_history import history
    from baton.domain.stream import stream_name
    from baton.stores import open_stores

    stores: Stores = await open_stores(settings, read_only=True, sealing="none")
    try:
        owner = tenant or await owner_of_run(stores.views, run_id)
        if owner is None:
            hint = "where the views aren't built, name its tenant with --tenant"
            raise Failed(f"There is no run {run_id} in this store; {hint}")
        events = await stores.leaves.stream(stream_name(owner, "run", run_id))
        head = await stores.leaves.head()
    finally:
        await stores.close()
    return history(events, until), 0 if head is None else head.position


def _print(entries: "Sequence[Entry]", sealed: int) -> None:
    from baton.cli.terminal.tables import Column, Shown, print_table
    from baton.command_api.own.audit.run_history import about, actor_of, state_of
    from baton.protocols.iso_time import format_time

    rows = [
        (
            entry.recorded.position,
            Shown(at := format_time(getattr(entry.recorded.event, "at", 0)), f"{at[:19]}Z"),
            type(entry.recorded.event).__name__,
            about(entry.recorded.event),
            actor_of(entry.recorded.event),
            entry.leaf.hex()[:16],
        )
        for entry in entries
    ]
    columns = (
        Column(name="POSITION", kind="whole", align_right=True),
        Column(name="TIME", kind="whole"),
        Column(name="EVENT", kind="whole"),
        Column(name="ABOUT", kind="short", min_width=16, drop_order=2),
        Column(name="ACTOR", kind="short", drop_order=3),
        Column(name="LEAF", kind="whole", drop_order=1),
    )
    print_table(columns, rows)
    covered = sum(1 for entry in entries if entry.recorded.position <= sealed)
    typer.echo(
        f"{state_of(entries)['status']}; a signed head covers {covered} of {len(rows)} events."
    )
