"""`baton replay`: rebuilds the views from the events and compares them with the live ones."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.moments import LogPoint, parse_log_point
from baton.cli.options import AsJson, DataFolder
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.eventlog.ports.backend import Stores
    from baton.projector.rebuild import Rebuild
    from baton.projector.sets.comparison import Difference
    from baton.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of a replay; `equal` is None if nothing was compared.

    `unbuilt` is True if there were no live views to compare with, such as after an import.
    """

    position: int
    equal: bool | None
    unbuilt: bool = False
    difference: "Difference | None" = None
    applied: bool = False


def replay(
    data: DataFolder = None,
    to: Annotated[
        LogPoint | None,
        typer.Option(
            "--to",
            metavar="POSITION|TIME",
            parser=parse_log_point,
            show_default="the newest position",
            help="Stop there and compare nothing.",
        ),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Replace the live views with the rebuilt ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Rebuild every view from the events, beside the live ones, and compare the two.

    Exits 1 and names the first row that differs. Services may run meanwhile, except with --apply.
    """
    from baton.cli.data.store_checks import require_data
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.output import print_json
    from baton.eventlog.process_priority import lower_priority

    lower_priority()
    settings = load_settings(data=data)
    require_data(settings)
    report = run_async(_replay(settings, to or LogPoint(), apply=apply))
    if as_json:
        print_json(_document(report))
    else:
        typer.echo(_sentence(report))
    if report.difference is not None and not report.applied:
        where = _row_name(report.difference)
        raise Failed(
            f"The views differ from the events at {where}: `baton replay --apply` repairs them"
        )


async def _replay(settings: "Settings", until: LogPoint, *, apply: bool) -> Report:
    from baton.stores import open_stores

    stores = await open_stores(settings, read_only=not apply, sealing="none")
    try:
        return await (_apply(stores, until) if apply else _compare(stores, until))
    finally:
        await stores.close()


async def _compare(stores: "Stores", until: LogPoint) -> Report:
    from baton.projector.rebuild import begin_rebuild

    rebuild = await begin_rebuild(stores.events, stores.views, stores.view_sets)
    try:
        return await _rebuilt(rebuild, stores, until)
    finally:
        await rebuild.close()


async def _apply(stores: "Stores", until: LogPoint) -> Report:
    """Bring the rebuilt views up to date and replace the live views with them."""
    from baton.eventlog.clock import SystemClock
    from baton.projector.rebuild import begin_applied_rebuild

    rebuild = await begin_applied_rebuild(
        stores.events, stores.views, stores.view_sets, at=SystemClock().now()
    )
    try:
        report = await _rebuilt(rebuild, stores, until)
        if until.is_end:
            await rebuild.advance_to(await stores.events.head())
        await rebuild.swap()
        return replace(report, position=rebuild.position, applied=True)
    finally:
        await rebuild.close()


async def _rebuilt(rebuild: "Rebuild", stores: "Stores", until: LogPoint) -> Report:
    """Fold the events, and compare the views unless `until` stops before the newest event."""
    from baton.cli.terminal.progress import progress_bar

    head = await stores.events.head()
    live = await stores.views.checkpoint() if until.is_end else head
    unbuilt = live == 0 and head > 0
    # The live views may be behind the log: compare at the position they hold.
    limit = head if unbuilt else min(head, live)
    if until.position is not None:
        limit = min(until.position, limit)
    with progress_bar("Replaying", "events") as progress:
        reached = await rebuild.advance_to(limit, at=until.at, progress=progress)
    if unbuilt or not until.is_end:
        return Report(position=reached, equal=None, unbuilt=unbuilt)
    with progress_bar("Comparing", "rows") as progress:
        difference = await rebuild.first_difference(lambda rows: progress(rows, None))
    return Report(position=rebuild.position, equal=difference is None, difference=difference)


def _sentence(report: Report) -> str:
    done = f"Rebuilt up to position {report.position}"
    if report.applied:
        difference = "" if report.equal is not False else ", which differed"
        return f"{done} and applied to the live views{difference}."
    if report.unbuilt:
        return (
            f"{done}; there are no live views yet: starting the services or"
            " `baton replay --apply` builds them."
        )
    if report.equal is None:
        return f"{done}; nothing was compared."
    return f"{done}: the views {'match' if report.equal else 'differ from'} the events."


def _document(report: Report) -> dict[str, Any]:
    difference = report.difference
    return {
        "position": report.position,
        "equal": report.equal,
        "applied": report.applied,
        "difference": None
        if difference is None
        else {
            "view": difference.table,
            "tenant": difference.tenant,
            "key": difference.key,
            "live": None if difference.live is None else difference.live.document.decode(),
            "rebuilt": None if difference.rebuilt is None else difference.rebuilt.document.decode(),
        },
    }


def _row_name(difference: "Difference") -> str:
    missing = " (the row is missing)" if difference.live is None else ""
    extra = " (no event creates this row)" if difference.rebuilt is None else ""
    return f"{difference.table} {difference.key} of tenant {difference.tenant}{missing or extra}"
