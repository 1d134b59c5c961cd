"""Verifies an export: its lines by themselves, and against a proof if there is one.

Neither a store nor a configuration is needed.
"""

from collections.abc import Callable, Iterable
from itertools import islice

from baton.eventlog.errors import Unreadable
from baton.eventlog.events.envelope import Stored, StoredArtifact
from baton.eventlog.events.ndjson import NdjsonReader
from baton.eventlog.notary.checks.event_checks import EventChecks
from baton.eventlog.notary.checks.verdict import Break, LogBroken, Verdict, broken, broken_at
from baton.eventlog.notary.merkle import is_included
from baton.eventlog.notary.proofs.chosen_leaves import ChosenLeaves
from baton.eventlog.notary.proofs.documents import MARK_BYTES, ExportProof, Proof, RunProof
from baton.eventlog.notary.signed_head import TreeHead, open_head, read_head
from baton.eventlog.notary.signed_note import BadNote, VerifierKey

Progress = Callable[[int], None]
"""Callback(bytes read)."""


def verify_export(
    lines: Iterable[bytes],
    proof: Proof | None,
    keys: tuple[VerifierKey, ...],
    *,
    progress: Progress = lambda _bytes: None,
) -> Verdict:
    """Verify the lines of an export, which are read once.

    Args:
        lines: The lines, with their newlines.
        proof: The proof that was made with the export, or the proof of the run in it.
        keys: The keys that may have signed the head; without any, signatures aren't checked.
        progress: Called after each thousand lines.
    """
    verification = _Verification(proof, keys)
    try:
        verification.read(lines, progress)
        verification.check_proof()
    except LogBroken as error:
        return verification.verdict(error.first_break)
    return verification.verdict(None)


class _Verification:
    def __init__(self, proof: Proof | None, keys: tuple[VerifierKey, ...]) -> None:
        before = proof.before if isinstance(proof, ExportProof) else None
        self._checks = EventChecks(before)
        self._proof = proof
        self._keys = keys
        self._leaves: list[bytes] = []
        self._sealed = 0
        self._of_run: tuple[int, int, bytes] | None = None
        self._head: TreeHead | None = None

    def read(self, lines: Iterable[bytes], progress: Progress) -> None:
        """Check every line; raises `LogBroken`."""
        if self._proof is not None:
            self._head = self._opened(self._proof.head)
        reader, done = NdjsonReader(), 0
        remaining = iter(lines)
        while page := list(islice(remaining, 1_000)):
            for line in page:
                self._read(reader, line)
                done += len(line)
            progress(done)

    def _read(self, reader: NdjsonReader, line: bytes) -> None:
        try:
            event = reader.parse(line)
            if isinstance(event, StoredArtifact):
                return
            reader.require_artifacts(event)
        except Unreadable as error:
            broken(str(error))
        leaf = self._checks.check(event)
        if self._head is None or event.position > self._head.position:
            return
        self._sealed += 1
        if isinstance(self._proof, ExportProof):
            self._check_mark(self._proof.marks, event, leaf or b"")
            self._leaves.append(leaf or b"")
        elif isinstance(self._proof, RunProof) and (event.stream, event.version) == (
            self._proof.stream,
            self._proof.version,
        ):
            self._of_run = (event.version, event.position, leaf or b"")

    def _check_mark(self, marks: bytes, event: Stored, leaf: bytes) -> None:
        """Compare a leaf with its first bytes in the proof, so that a break names its event."""
        begin = MARK_BYTES * len(self._leaves)
        if marks and leaf[:MARK_BYTES] != marks[begin : begin + MARK_BYTES]:
            broken_at(event, "it differs from its leaf, or isn't the next of the exported events")

    def _opened(self, note: bytes) -> TreeHead:
        try:
            return open_head(note, self._keys) if self._keys else read_head(note)
        except BadNote as error:
            broken(f"the head of the proof {error}")

    def check_proof(self) -> None:
        """Check that the leaves are in the tree; raises `LogBroken`."""
        proof, head = self._proof, self._head
        if head is None:
            return
        if isinstance(proof, ExportProof):
            self._check_export(proof, head)
        elif isinstance(proof, RunProof):
            self._check_run(proof, head)

    def _check_export(self, proof: ExportProof, head: TreeHead) -> None:
        try:
            chosen = ChosenLeaves(proof.leaves, head.size)
        except ValueError as error:
            broken(f"the proof is wrong: {error}")
        if chosen.count != len(self._leaves):
            broken(
                f"the proof is of {chosen.count} events up to position {head.position},"
                f" and the export has {len(self._leaves)}"
            )
        if proof.marks and len(proof.marks) != MARK_BYTES * chosen.count:
            broken("the proof has marks of other events than its leaves")
        if chosen.root(self._leaves, proof.others) != head.root:
            broken("the events and the proof don't lead to the root that was signed")
        if unused := [stream for stream in proof.before if not self._checks.last_of(stream)[0]]:
            broken(f"the proof names {unused[0]}, which the export doesn't have")

    def _check_run(self, proof: RunProof, head: TreeHead) -> None:
        if self._of_run is None:
            broken(f"the export lacks version {proof.version} of {proof.stream}")
        if self._of_run != (proof.version, proof.position, proof.leaf):
            broken(f"version {proof.version} of {proof.stream} differs from its leaf")
        if not is_included(proof.leaf, proof.index, head.size, proof.path, head.root):
            broken("the proof doesn't lead to the root that was signed")
        if self._checks.streams != 1:
            broken(f"the proof is of {proof.stream} alone, and the export has other streams")

    def verdict(self, first_break: Break | None) -> Verdict:
        """Return the verdict on the checked events."""
        head, checks = self._head, self._checks
        return Verdict(
            events=checks.events,
            streams=checks.streams,
            position=checks.position,
            sealed=0 if head is None else self._sealed,
            heads=0 if head is None else 1,
            head=head,
            signed_by=() if head is None else tuple(map(str, self._keys)),
            complete=head is not None and len(self._leaves) == head.size,
            broken=first_break,
        )
