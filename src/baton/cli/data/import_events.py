"""`baton import`: writes exported events into an empty store, in one transaction."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from baton.cli.option_checks import STDIN, check_input
from baton.cli.options import DataFolder
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.cli.terminal.progress import Progress
    from baton.eventlog.events.envelope import Stored, StoredArtifact
    from baton.eventlog.events.ndjson import NdjsonReader
    from baton.settings import Settings

BATCH = 1_000


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            callback=check_input,
            show_default="standard input",
            help="Output of `baton export`.",
        ),
    ] = STDIN,
    data: DataFolder = None,
) -> None:
    """Write exported events into an empty store; without FILE, read standard input.

    Creates the schema if it is missing. Services must be stopped. If a line is damaged, its number
    is reported and nothing is imported.
    """
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.eventlog.events.ndjson import NdjsonReader
    from baton.eventlog.ports.archive import NotEmpty

    settings = load_settings(data=data)
    lines = NdjsonReader()
    try:
        run_async(restore(settings, file, lines))
    except NotEmpty as error:
        raise Failed(f"{error} Name another with --data or BATON_STORE") from None
    typer.echo(f"Imported {lines.events} events of {lines.streams} streams.")


async def restore(settings: "Settings", file: Path, lines: "NdjsonReader") -> None:
    """Write the events of an export into an empty store; raises Unreadable and `NotEmpty`.

    Args:
        settings: The settings that name the store.
        file: The export; `STDIN` is the standard input.
        lines: The reader of the lines, which counts them.
    """
    from baton.cli.data.store_checks import open_archive
    from baton.cli.terminal.progress import progress_bar

    with _input(file) as (source, size):
        archive = await open_archive(settings, read_only=False)
        try:
            with progress_bar("Importing", "bytes") as progress:
                await archive.restore(_batches(source, lines, size, progress))
        finally:
            await archive.close()


def _batches(
    source: BinaryIO, lines: "NdjsonReader", size: int | None, progress: "Progress"
) -> "Iterator[Sequence[Stored | StoredArtifact]]":
    batch: list[Stored | StoredArtifact] = []
    done = 0
    for line in source:
        batch.append(lines.read(line))
        done += len(line)
        if len(batch) == BATCH:
            yield batch
            progress(done, size)
            batch = []
    yield batch


@contextmanager
def _input(file: Path) -> Iterator[tuple[BinaryIO, int | None]]:
    """Yield the input and its size in bytes, None for a pipe."""
    if file != STDIN:
        with file.open("rb") as source:
            yield source, file.stat().st_size or None
    elif sys.stdin.isatty():
        raise typer.BadParameter("name a FILE, or pipe the output of `baton export` into it")
    else:
        yield sys.stdin.buffer, None
