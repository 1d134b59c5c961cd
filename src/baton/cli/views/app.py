"""`baton views …`: builds a second set of views beside the live one, compares, and promotes it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from baton.cli.options import AsJson, DataFolder
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from pathlib import Path

    from baton.eventlog.ports.backend import Stores
    from baton.settings import Settings

T = TypeVar("T")

app = typer.Typer(help="Sets of views: list, rebuild, compare, promote, rollback, drop.")

SetNumber = Annotated[int, typer.Argument(metavar="SET", min=1, help="Number, from `list`.")]


@app.command("list")
def list_sets(data: DataFolder = None, as_json: AsJson = False) -> None:
    """List the sets of views: which one is live, how far each is, and whether they are equal."""
    from baton.cli.terminal.output import print_json
    from baton.cli.views.set_table import print_sets, set_document, shown_sets

    sets, head = _run(data, shown_sets)
    if as_json:
        print_json({"head": head, "sets": [set_document(view_set) for view_set in sets]})
    else:
        print_sets(sets, head)


@app.command()
def rebuild(
    rate: Annotated[
        int | None,
        typer.Option(
            "--rate",
            metavar="EVENTS",
            min=0,
            show_default="BATON_VIEWS_REBUILD_RATE",
            help="Events per second at most; 0 means no limit.",
        ),
    ] = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Build another set of views from the events, and compare it with the live one.

    Services go on meanwhile, and keep the new set up to date afterwards. If this verb is
    interrupted, they finish the set. Exits 1 if the two differ.
    """
    from baton.cli.terminal.output import print_json
    from baton.cli.views.build import build
    from baton.cli.views.set_table import set_document

    built = _run(data, lambda stores, settings: build(stores, settings, rate=rate))
    if as_json:
        print_json(set_document(built))
    else:
        typer.echo(f"Set {built.view_set.number} holds position {built.view_set.checkpoint}.")
    _fail_if_different(built.view_set.number, built.view_set.differences)
    if not as_json:
        typer.echo(f"It equals the live set: `baton views promote {built.view_set.number}`")


@app.command()
def compare(number: SetNumber, data: DataFolder = None) -> None:
    """Compare a set of views with the live one, row by row; exits 1 if they differ.

    Only a sample of a set that another release built is compared. Services may run meanwhile.
    """
    from baton.cli.terminal.output import print_line
    from baton.cli.views.build import compare_with_live
    from baton.eventlog.process_priority import lower_priority

    lower_priority()
    differences = _run(data, lambda stores, _: compare_with_live(stores, number))
    for difference in differences[:1]:
        print_line(
            f"First difference: {difference.table} {difference.key} of tenant {difference.tenant}"
        )
    _fail_if_different(number, len(differences))
    typer.echo(f"Set {number} equals the live set.")


@app.command()
def promote(
    number: SetNumber,
    accept: Annotated[
        bool,
        typer.Option("--accept-difference", help="Even if it differs, or wasn't compared."),
    ] = False,
    data: DataFolder = None,
) -> None:
    """Make a set of views the live one. Running services read it within a second.

    The previous live set is kept up to date until it is dropped.
    """
    from baton.projector.sets.changes import promote_set

    epoch = _run(
        data,
        lambda stores, _: promote_set(stores.view_sets, number, accept_difference=accept),
    )
    typer.echo(f"Set {number} is live (promotion {epoch}): `baton views rollback` undoes it")


@app.command()
def rollback(data: DataFolder = None) -> None:
    """Make the previously live set of views live again."""
    from baton.projector.sets.changes import roll_back

    number = _run(data, lambda stores, _: roll_back(stores.view_sets))
    typer.echo(f"Set {number} is live again.")


@app.command()
def drop(number: SetNumber, data: DataFolder = None) -> None:
    """Delete a set of views that isn't live."""
    _run(data, lambda stores, _: stores.view_sets.drop(number))
    typer.echo(f"Set {number} is dropped.")


def _fail_if_different(number: int, differences: int) -> None:
    if differences:
        raise Failed(
            f"Set {number} differs from the live set in {differences} rows or more:"
            f" `baton views promote {number} --accept-difference` promotes it anyway"
        )


def _run(data: "Path | None", work: "Callable[[Stores, Settings], Awaitable[T]]") -> T:
    """Do the work on the configured stores, beside running services."""
    from baton.cli.data.store_checks import require_data, require_durable
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings

    settings = load_settings(data=data)
    require_data(settings)
    require_durable(settings)
    return run_async(_with_stores(settings, work))


async def _with_stores(
    settings: "Settings", work: "Callable[[Stores, Settings], Awaitable[T]]"
) -> T:
    from baton.eventlog.ports.views import NoSuchSet, SetIsLive
    from baton.projector.sets.changes import NotPossible
    from baton.stores import open_stores

    stores = await open_stores(settings, beside=True, sealing="none")
    try:
        return await work(stores, settings)
    except NoSuchSet as error:
        raise Failed(f"{error}: `baton views list` shows them") from None
    except SetIsLive as error:
        raise Failed(f"{error}: `baton views promote` another one first") from None
    except NotPossible as error:
        raise Failed(str(error)) from None
    finally:
        await stores.close()
