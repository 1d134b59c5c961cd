"""`baton export`: writes every event as a line of JSON; every store gives the same bytes."""

import os
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from baton.cli.option_checks import check_new_file, check_range, check_tenant
from baton.cli.options import DataFolder, FirstPosition, LastPosition
from baton.cli.terminal.failures import Failed, print_error

if TYPE_CHECKING:
    from baton.cli.terminal.progress import Progress
    from baton.eventlog.events.envelope import Stored
    from baton.eventlog.notary.proofs.prove import ExportProver
    from baton.eventlog.ports.archive import Archive
    from baton.settings import Settings

PAGE = 1_000
STDOUT = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Selects events by position (`first` to `last`, inclusive), tenant and run."""

    tenant: str | None
    run: str | None
    first: int
    last: int | None

    def matches(self, stream: str) -> bool:
        """Return whether events of this stream are selected."""
        tenant, kind, ident = stream.split("/", 2)
        wanted_run = self.run is None or (kind, ident) == ("run", self.run)
        return wanted_run and self.tenant in {None, tenant}


@dataclass(slots=True)
class _Counts:
    events: int
    streams: set[str]
    artifacts: set[tuple[str, str]]


def export(
    data: DataFolder = None,
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant", metavar="T", callback=check_tenant, help="Only events of this tenant."
        ),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Only the events of this run.")
    ] = None,
    first: FirstPosition = 0,
    last: LastPosition = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            dir_okay=False,
            callback=check_new_file,
            help="File to write; - is standard output.",
        ),
    ] = STDOUT,
    proof: Annotated[
        Path | None,
        typer.Option(
            "--proof",
            metavar="FILE",
            dir_okay=False,
            callback=check_new_file,
            help="Write a proof for `baton audit verify --export` to this file.",
        ),
    ] = None,
) -> None:
    """Write every event as a line of JSON, in the order of the log.

    A repeated export gives the same bytes. Services may run meanwhile: the export ends at the event
    that was the newest when it began.
    """
    from baton.cli.data.store_checks import open_archive, require_data
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.cli.terminal.progress import progress_bar

    check_range(first, last)
    settings = load_settings(data=data)
    require_data(settings)
    event_filter = EventFilter(tenant=tenant, run=run, first=first, last=last)

    async def exported() -> _Counts:
        async with AsyncExitStack() as opened:
            prover = None if proof is None else await _prover(settings, event_filter, opened)
            archive = await open_archive(settings, read_only=True)
            opened.push_async_callback(archive.close)
            with _output(out) as file, progress_bar("Exporting", "positions") as progress:
                counts = await _export(archive, event_filter, file, progress, prover)
                if run is not None and not counts.events:
                    raise _no_run(event_filter)
            if prover is not None and proof is not None:
                document = await prover.proof()
                with _output(proof) as file:
                    file.write(document.raw)
            return counts

    counts = run_async(exported())
    print_error(f"Exported {counts.events} events of {len(counts.streams)} streams.")


async def _export(
    archive: "Archive",
    event_filter: EventFilter,
    file: BinaryIO,
    progress: "Progress",
    prover: "ExportProver | None",
) -> _Counts:
    from baton.eventlog.events.ndjson import ndjson_line

    counts = _Counts(0, set(), set())
    head = await archive.head()
    end = head if event_filter.last is None else min(head, event_filter.last)
    begin = after = max(0, event_filter.first - 1)
    while after < end and (page := await archive.page(after=after, limit=PAGE)):
        chosen = [
            event for event in page if event.position <= end and event_filter.matches(event.stream)
        ]
        if prover is not None:
            prover.add(page, chosen)
        for event in chosen:
            await _write_artifacts(archive, event, file, counts.artifacts)
            file.write(ndjson_line(event))
        counts.events += len(chosen)
        counts.streams.update(event.stream for event in chosen)
        after = page[-1].position
        progress(min(after, end) - begin, end - begin)
    return counts


def _no_run(event_filter: EventFilter) -> Failed:
    """Return the same failure for a run that doesn't exist and for one of another tenant."""
    tenant = "" if event_filter.tenant is None else f" of tenant {event_filter.tenant}"
    limited = event_filter.first > 0 or event_filter.last is not None
    where = " between these positions" if limited else ""
    return Failed(
        f"There is no run {event_filter.run}{tenant} in this store{where}: `baton runs list` shows"
        " the ids of runs"
    )


async def _prover(
    settings: "Settings", event_filter: EventFilter, opened: AsyncExitStack
) -> "ExportProver":
    """Return the prover of an export; raises Failed for a log without a signed head."""
    from baton.eventlog.notary.proofs.prove import begin_proof
    from baton.stores import open_stores

    stores = await open_stores(settings, read_only=True, sealing="none")
    opened.push_async_callback(stores.close)
    prover = await begin_proof(stores.leaves, after=max(0, event_filter.first - 1))
    if prover is None:
        raise Failed("There is no signed head yet: a running `baton dev` or projector signs one")
    return prover


async def _write_artifacts(
    archive: "Archive", event: "Stored", file: BinaryIO, written: set[tuple[str, str]]
) -> None:
    """Write the artifacts of an event that no earlier event of its tenant refers to."""
    from baton.eventlog.events.artifact_places import hashes_in
    from baton.eventlog.events.envelope import StoredArtifact
    from baton.eventlog.events.ndjson import artifact_line

    for sha256 in hashes_in(event.state):
        tenant = event.stream.split("/", 1)[0]
        if (tenant, sha256) not in written:
            written.add((tenant, sha256))
            raw = await archive.artifact(tenant, sha256)
            file.write(artifact_line(StoredArtifact(tenant, sha256, raw)))


@contextmanager
def _output(out: Path) -> Iterator[BinaryIO]:
    """Yield the file to write; it is renamed to `out` once it is complete on the disk."""
    if out == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    from baton.eventlog.private_files import open_new

    part = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with os.fdopen(open_new(part), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
