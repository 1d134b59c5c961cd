"""`baton traces export`: sends the spans of recorded runs to a collector, again or belatedly."""

from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.option_checks import check_tenant
from baton.cli.options import DataFolder
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baton.eventlog.events.envelope import Recorded
    from baton.eventlog.ports.backend import Stores
    from baton.projector.traces.span import Span
    from baton.settings import Settings
    from baton.trace_settings import Collector

OFF = "Traces are off: set BATON_OTLP_ENDPOINT to the address of a collector"

app = typer.Typer(help="Traces of recorded runs: export.")


@app.callback()
def _traces() -> None:
    """Keep `export` a subcommand although it is the only one."""


@app.command()
def export(
    run: Annotated[
        list[str], typer.Option("--run", metavar="RUN", help="The run; may be repeated.")
    ],
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant",
            metavar="T",
            callback=check_tenant,
            show_default="looked up in the views",
            help="Tenant of the runs.",
        ),
    ] = None,
    data: DataFolder = None,
) -> None:
    """Send the finished spans of runs to the collector of BATON_OTLP_ENDPOINT.

    Every export of a run has the same span ids. Runs whose caller doesn't sample its trace are
    sent, too. Services may run meanwhile.
    """
    from baton.cli.data.store_checks import require_data, require_durable
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.trace_settings import collector_of

    settings = load_settings(data=data)
    collector = collector_of(settings)
    if collector is None:
        raise Failed(OFF)
    require_durable(settings)
    require_data(settings)
    for run_id, spans in run_async(_export(settings, collector, tenant, run)):
        trace = f"trace {spans[0].trace_id}" if spans else "nothing has ended yet"
        typer.echo(f"{run_id}: {len(spans)} spans, {trace}")


async def _export(
    settings: "Settings", collector: "Collector", tenant: str | None, run_ids: "Sequence[str]"
) -> "list[tuple[str, list[Span]]]":
    from importlib.metadata import version

    from baton.scheduler.traces.subjects import Subjects, spans_of
    from baton.stores import open_stores
    from baton.trace_settings import http_functions_of, open_exporter

    exporter = open_exporter(collector, version=version("baton-orchestrator"))
    stores = await open_stores(settings, read_only=True, sealing="none")
    try:
        subjects = Subjects(stores.events, http_functions_of(settings))
        histories = [await _events_of(stores, tenant, run_id) for run_id in run_ids]
        spans = [await spans_of(subjects, events) for events in histories]
        for part in spans:
            await exporter.export(part)
        return list(zip(run_ids, spans, strict=True))
    finally:
        await exporter.close()
        await stores.close()


async def _events_of(stores: "Stores", tenant: str | None, run_id: str) -> "Sequence[Recorded]":
    """Return the events of a run; raises Failed if there is no such run."""
    from baton.cli.data.run_owner import owner_of_run
    from baton.domain.stream import stream_name

    owner = tenant or await owner_of_run(stores.views, run_id)
    events = [] if owner is None else await stores.events.read(stream_name(owner, "run", run_id))
    if not events:
        whose = "This store" if tenant is None else f"Tenant {tenant}"
        hint = "; where the views aren't built, name its tenant with --tenant"
        raise Failed(f"{whose} has no run {run_id}{hint if tenant is None else ''}")
    return events
