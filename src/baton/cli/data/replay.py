"""`baton replay`: makes the views anew from the events and compares them with the live ones."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.cli.options import AsJson, DataFolder
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.eventlog.ports.backend import Stores
    from baton.projector.rebuild import Difference, Rebuild
    from baton.settings import Settings

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAt:
    """Where to stop: behind a position, or before the first event that is later (ms, UTC)."""

    position: int | None = None
    at: int | None = None

    @property
    def end(self) -> bool:
        """Whether it goes to the end of the log."""
        return self.position is None and self.at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of it; `equal` is None where nothing was compared."""

    position: int
    equal: bool | None
    difference: "Difference | None" = None
    applied: bool = False


def replay(
    data: DataFolder = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="POSITION|TIME", help="Stop there, and compare nothing."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Put the rebuilt views in place of the live ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Rebuild every view from the events, beside the live ones, and compare the two.

    Exits 1 and names the first row that differs. Safe while services run on the same data; with
    --apply they must be stopped.
    """
    from baton.cli.data.store_checks import require_data
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.output import print_json

    until = parse_stop(to)
    settings = load_settings(data=data)
    require_data(settings)
    report = run_async(_replay(settings, until, apply=apply))
    if as_json:
        print_json(_document(report))
    else:
        typer.echo(_sentence(report))
    if report.difference is not None and not report.applied:
        where = _place(report.difference)
        raise Failed(f"The views differ from the events at {where}: `baton replay --apply` mends")


def parse_stop(text: str | None) -> StopAt:
    """Return what `--to` says: a whole number is a position, anything else a time in ISO-8601."""
    if text is None:
        return StopAt()
    if text.isdecimal():
        return StopAt(position=int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--to {text!r} is no position and no ISO-8601 time") from None
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return StopAt(at=round(known.timestamp() * 1000))


async def _replay(settings: "Settings", until: StopAt, *, apply: bool) -> Report:
    from baton.cli.terminal.progress import progress_bar
    from baton.projector.rebuild import begin_rebuild
    from baton.wiring import open_stores

    stores = await open_stores(settings, read_only=not apply)
    try:
        rebuild = await begin_rebuild(stores.events, stores.views)
        try:
            with progress_bar("Replaying", "events") as progress:
                report = await _rebuilt(rebuild, stores, until, progress)
            return await _applied(rebuild, stores, until, report) if apply else report
        finally:
            await rebuild.close()
    finally:
        await stores.close()


async def _applied(rebuild: "Rebuild", stores: "Stores", until: StopAt, report: Report) -> Report:
    """Put the rebuilt views in place of the live ones, with what those may not hold yet."""
    if until.end:
        await rebuild.advance_to(await stores.events.head())
    position = rebuild.position
    await rebuild.swap()
    return replace(report, position=position, applied=True)


async def _rebuilt(
    rebuild: "Rebuild", stores: "Stores", until: StopAt, progress: Progress
) -> Report:
    head = await stores.events.head()
    if not until.end:
        limit = head if until.position is None else min(until.position, head)
        reached = await rebuild.advance_to(limit, at=until.at, progress=progress)
        return Report(position=reached, equal=None)
    # The live views may be behind, but what they hold is what is compared.
    await rebuild.advance_to(min(head, await stores.views.checkpoint()), progress=progress)
    difference = await rebuild.first_difference()
    return Report(position=rebuild.position, equal=difference is None, difference=difference)


def _sentence(report: Report) -> str:
    done = f"Rebuilt up to position {report.position}"
    if report.applied:
        found = "" if report.equal is not False else ", which differed"
        return f"{done} and put in place of the live views{found}."
    if report.equal is None:
        return f"{done}; nothing was compared."
    return f"{done}: the views {'are' if report.equal else 'are not'} what the events make of them."


def _document(report: Report) -> dict[str, Any]:
    found = report.difference
    return {
        "position": report.position,
        "equal": report.equal,
        "applied": report.applied,
        "difference": None
        if found is None
        else {
            "view": found.table,
            "tenant": found.tenant,
            "key": found.key,
            "live": None if found.live is None else found.live.document.decode(),
            "rebuilt": None if found.rebuilt is None else found.rebuilt.document.decode(),
        },
    }


def _place(found: "Difference") -> str:
    gone = " (the row is missing)" if found.live is None else ""
    extra = " (no event makes this row)" if found.rebuilt is None else ""
    return f"{found.table} {found.key} of tenant {found.tenant}{gone or extra}"
