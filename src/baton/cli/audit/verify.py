"""`baton audit verify`: checks a store or an export against its leaves and signed heads."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baton.cli.option_checks import check_file
from baton.cli.options import AsJson, DataFolder
from baton.cli.terminal.failures import Failed

if TYPE_CHECKING:
    from baton.eventlog.notary.checks.verdict import Verdict
    from baton.eventlog.notary.proofs.documents import Proof
    from baton.eventlog.notary.signed_head import TreeHead
    from baton.eventlog.notary.signed_note import VerifierKey
    from baton.settings import Settings


def verify(
    data: DataFolder = None,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            help="A signed head kept elsewhere: the log must begin with it.",
            callback=check_file,
            metavar="FILE",
        ),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="KEY",
            show_default="those of `baton audit key`",
            help="Verifier key of the heads; may be repeated.",
        ),
    ] = None,
    first: Annotated[
        int,
        typer.Option(
            "--from", metavar="POSITION", min=0, help="Trust the events before this position."
        ),
    ] = 0,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            help="Check this output of `baton export` instead of a store.",
            callback=check_file,
            metavar="FILE",
        ),
    ] = None,
    proof: Annotated[
        Path | None,
        typer.Option(
            "--proof",
            help="The proof of that export, or of the run in it.",
            callback=check_file,
            metavar="FILE",
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option("--jobs", metavar="N", min=1, max=64, help="Processes that share the work."),
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Check that no stored event was changed, removed or moved; exit 1 and name the first break.

    Each event is checked for its position and version, read, folded, and compared with its leaf;
    each signed head with the leaves. Services may run meanwhile. With --export, neither a store nor
    a configuration is needed.
    """
    from baton.cli.terminal.output import print_json, print_line

    verifiers = tuple(map(_key, keys or ()))
    if export is not None:
        if since is not None or first or data is not None or jobs > 1:
            raise typer.BadParameter("--export takes no --data, --since, --from or --jobs")
        verdict = _verify_file(export, proof, verifiers)
    elif proof is not None:
        raise typer.BadParameter("--proof needs --export, the export that it proves")
    else:
        verdict = _verify_store(data, since, verifiers, first, jobs)
    if as_json:
        print_json(verdict.document)
    else:
        for line in _lines(verdict):
            print_line(line)
    if verdict.broken is not None:
        raise Failed(f"first break: {verdict.broken}")


def _key(text: str) -> "VerifierKey":
    from baton.eventlog.notary.signed_note import BadKey, VerifierKey

    try:
        return VerifierKey.parse(text)
    except BadKey as error:
        raise typer.BadParameter(str(error), param_hint="'--key'") from None


def _verify_store(
    data: Path | None,
    since: Path | None,
    verifiers: "tuple[VerifierKey, ...]",
    first: int,
    jobs: int,
) -> "Verdict":
    from baton.cli.data.store_checks import require_data, require_durable
    from baton.cli.event_loop import run_async
    from baton.cli.load_settings import load_settings
    from baton.keys import audit_keys

    settings = load_settings(data=data)
    require_durable(settings)
    require_data(settings)
    own = None if verifiers else audit_keys(settings, create=False)
    keys = verifiers if own is None else own.verifiers
    return run_async(_verified(settings, keys, since, first=first, jobs=jobs))


async def _verified(
    settings: "Settings",
    keys: "tuple[VerifierKey, ...]",
    since: Path | None,
    *,
    first: int,
    jobs: int,
) -> "Verdict":
    from baton.cli.terminal.progress import progress_bar
    from baton.eventlog.notary.checks.store import Requirements, verify_store
    from baton.eventlog.notary.key_rotation import rotations_in
    from baton.process_memory import collect_garbage_less_often
    from baton.stores import open_stores, store_location
    from baton.verification.run import helpers

    collect_garbage_less_often()
    stores = await open_stores(settings, read_only=True, sealing="none")
    try:
        rotated = (
            [rotation.former for rotation in await rotations_in(stores.leaves)] if keys else []
        )
        head = None if since is None else _head_in(since, (*keys, *rotated))
        requirements = Requirements(keys=keys, since=head, first=first)
        with progress_bar("Verifying", "positions") as progress:
            return await verify_store(
                stores.leaves,
                stores.artifacts,
                requirements,
                progress=progress,
                helpers=helpers(store_location(settings), jobs),
            )
    finally:
        await stores.close()


def _head_in(path: Path, keys: "tuple[VerifierKey, ...]") -> "TreeHead":
    """Return the last head of a file; raises Failed if it isn't one, or has a wrong signature."""
    from baton.eventlog.notary.anchors import last_note
    from baton.eventlog.notary.signed_head import open_head, read_head
    from baton.eventlog.notary.signed_note import BadNote

    note = last_note(path.read_bytes())
    try:
        return open_head(note, keys) if keys else read_head(note)
    except BadNote as error:
        raise Failed(f"{path} holds no head to compare with: {error}") from None


def _verify_file(path: Path, proof: Path | None, keys: "tuple[VerifierKey, ...]") -> "Verdict":
    from baton.cli.terminal.progress import progress_bar
    from baton.eventlog.notary.checks.export import verify_export

    document = None if proof is None else _proof_in(proof)
    size = path.stat().st_size
    with path.open("rb") as lines, progress_bar("Verifying", "bytes") as progress:
        return verify_export(lines, document, keys, progress=lambda done: progress(done, size))


def _proof_in(path: Path) -> "Proof":
    from baton.eventlog.notary.proofs.documents import BadProof, parse_proof

    try:
        return parse_proof(path.read_bytes())
    except BadProof as error:
        raise Failed(f"{path} is not a proof: {error}") from None


def _lines(verdict: "Verdict") -> Iterator[str]:
    """Yield the sentences that describe the checks."""
    from baton.protocols.iso_time import format_time

    yield (
        f"Checked {verdict.events} events of {verdict.streams} streams"
        f" up to position {verdict.position}."
    )
    head = verdict.head
    if verdict.broken is not None:
        return
    if head is None:
        yield "Not sealed: versions and order were checked, and no signed head covers them."
        return
    by = " or ".join(verdict.signed_by)
    yield (
        f"Head of {head.size} leaves at position {head.position} ({format_time(head.at)}),"
        f" {'signed by ' + by if by else 'whose signature was not checked: name its --key'}."
    )
    whole = "the whole log up to it" if verdict.complete else "a part of the log"
    unsealed = verdict.events - verdict.sealed
    newer = f"; of {unsealed} newer ones only version and order were checked" if unsealed else ""
    yield f"It covers {verdict.sealed} of the events, {whole}{newer}."
