"""Verification of exports: by themselves, with the proof of an export, with the proof of a run."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.eventlog.events.envelope import Stored
from baton.eventlog.events.ndjson import ndjson_line
from baton.eventlog.notary.checks.export import verify_export
from baton.eventlog.notary.checks.verdict import Verdict
from baton.eventlog.notary.proofs.documents import BadProof, ExportProof, RunProof, parse_proof
from baton.eventlog.notary.proofs.prove import begin_proof, prove_stream
from baton.eventlog.notary.signed_note import SigningKey
from tests.conformance.deployments import write
from tests.notary.mutations import ASKED, mutations
from tests.notary.sealing import KEYS, opened, restore, seal, stored_history

EVENTS = stored_history(seed=7, commands=700)
RUN = next(
    one.stream
    for one in EVENTS
    if "/run/" in one.stream and one.version == 1 and one.position > EVENTS[100].position
)
OF_RUN = [one for one in EVENTS if one.stream == RUN]
SEALED = len(EVENTS) - 5
"""Events that the head covers; the last ones came after it."""


def lines(events: Sequence[Stored]) -> list[bytes]:
    return [ndjson_line(one) for one in events]


async def make_proofs(folder: Path) -> dict[str, bytes]:
    """Return the proofs of the whole log, of one tenant, of a range, and of a run."""
    await restore("sqlite", folder, EVENTS[:SEALED])
    found: dict[str, bytes] = {}
    async with opened("sqlite", folder) as stores:
        await seal(stores.leaves)
        for name, chosen in EXPORTS.items():
            begin = chosen[0].position - 1 if name == "range" else 0
            prover = await begin_proof(stores.leaves, after=begin)
            assert prover is not None
            positions = {one.position for one in chosen}
            rest = [one for one in EVENTS if one.position > begin]
            prover.add(rest, [one for one in rest if one.position in positions])
            found[name] = (await prover.proof()).raw
        proof = await prove_stream(stores.leaves, RUN)
        assert proof is not None
        found["run"] = proof.raw
        assert await prove_stream(stores.leaves, RUN, size=3) is None
        assert await prove_stream(stores.leaves, "acme/run/none") is None
    return found


EXPORTS = {
    "whole": EVENTS,
    "tenant": [one for one in EVENTS if one.stream.startswith("acme/")],
    "range": EVENTS[300:420],
    "one run": OF_RUN,
}
OF_PROOF = {**EXPORTS, "run": OF_RUN}
LINES = {name: lines(events) for name, events in OF_PROOF.items()}


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return asyncio.run(make_proofs(tmp_path_factory.mktemp("proofs")))


def verified(name: str, proof: bytes, events: Sequence[Stored] | None = None) -> Verdict:
    found = OF_PROOF[name] if events is None else events
    return verify_export(lines(found), parse_proof(proof), KEYS)


@pytest.mark.parametrize("name", OF_PROOF)
def test_an_export_is_proved(proofs: dict[str, bytes], name: str) -> None:
    verdict = verified(name, proofs[name])
    newer = [one for one in OF_PROOF[name] if one.position > EVENTS[SEALED - 1].position]

    assert verdict.broken is None
    assert verdict.events == len(OF_PROOF[name])
    assert verdict.events - verdict.sealed == len(newer)
    assert verdict.complete == (name == "whole")
    assert verdict.head is not None
    assert verdict.head.size == SEALED


@pytest.mark.parametrize("name", OF_PROOF)
def test_a_proof_is_of_exactly_these_events(proofs: dict[str, bytes], name: str) -> None:
    events = list(OF_PROOF[name])
    sealed = [one for one in events if one.position <= EVENTS[SEALED - 1].position]
    last = sealed[-1]
    changed = [*sealed[:-1], last._replace(state=last.state.replace(b'"at":1', b'"at":2', 1))]

    assert verified(name, proofs[name], sealed[:-1]).broken is not None
    assert verified(name, proofs[name], sealed[1:]).broken is not None
    assert verified(name, proofs[name], changed).broken is not None


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(OF_PROOF)), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_no_byte_of_a_proof_can_be_changed(
    proofs: dict[str, bytes], name: str, place: float, change: int
) -> None:
    changed = bytearray(proofs[name])
    changed[int(place * len(changed))] ^= change
    try:
        parsed = parse_proof(bytes(changed))
    except BadProof:
        return

    assert verify_export(LINES[name], parsed, KEYS).broken is not None


@settings(max_examples=mutations(60), deadline=None)
@given(st.integers(0, SEALED - 1), st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_no_bit_of_a_proved_export_can_be_changed(
    proofs: dict[str, bytes], index: int, place: float, bit: int
) -> None:
    exported = list(LINES["whole"])
    line = bytearray(exported[index])
    line[int(place * len(line))] ^= 1 << bit
    exported[index] = bytes(line)
    found = verify_export(exported, parse_proof(proofs["whole"]), KEYS).broken

    assert found is not None
    of_line, position = f"line {index + 1}: ", EVENTS[index].position
    changed_position = found.stream == EVENTS[index].stream and found.version is not None
    assert found.reason.startswith(of_line) or found.position == position or changed_position


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", ["one run", "run", "range"])
def test_no_byte_of_any_proof_can_be_changed(proofs: dict[str, bytes], name: str) -> None:
    """`make mutations` changes every byte, the suite one of 31."""
    raw = proofs[name].removesuffix(b"\n")
    for place in range(0, len(raw), 1 if ASKED else 31):
        for change in (1, 2, 32, 128):
            changed = bytearray(raw)
            changed[place] ^= change
            try:
                parsed = parse_proof(bytes(changed))
            except BadProof:
                continue
            assert verify_export(LINES[name], parsed, KEYS).broken is not None, (place, change)


def test_a_break_in_an_export_names_its_line_or_its_event() -> None:
    exported = lines(EVENTS[:20])
    event = EVENTS[9]
    cut = [*exported[:9], b"{\n", *exported[10:]]
    swapped = [*exported[:9], exported[10], exported[9], *exported[11:]]
    unknown = ndjson_line(event).replace(b'"type":"', b'"type":"x', 1)

    assert str(verify_export(cut, None, ()).broken).startswith("line 10: not JSON")
    late = verify_export(swapped, None, ()).broken
    assert late is not None
    assert late.position == EVENTS[9].position
    found = verify_export([*exported[:9], unknown], None, ()).broken
    assert found is not None
    assert (found.stream, found.version, found.position) == (
        event.stream,
        event.version,
        event.position,
    )


def test_an_export_without_a_proof_is_checked_for_itself() -> None:
    verdict = verify_export(lines(EVENTS[50:]), None, KEYS)

    assert verdict.broken is None, "it may begin anywhere"
    assert (verdict.sealed, verdict.complete, verdict.signed_by) == (0, False, ())


def test_the_head_of_a_proof_needs_the_right_key(proofs: dict[str, bytes]) -> None:
    other = SigningKey("baton", bytes(32)).verifier
    found = verify_export(lines(EVENTS), parse_proof(proofs["whole"]), (other,)).broken

    assert found is not None
    assert found.reason == f"the head of the proof is not signed by {other}"
    assert verify_export(lines(EVENTS), parse_proof(proofs["whole"]), ()).broken is None


def test_proofs_are_read_as_they_were_written(proofs: dict[str, bytes]) -> None:
    export, run = parse_proof(proofs["tenant"]), parse_proof(proofs["run"])

    assert isinstance(export, ExportProof)
    assert isinstance(run, RunProof)
    assert export.raw == proofs["tenant"]
    assert parse_proof(proofs["run"].rstrip()) == run


@pytest.mark.parametrize(
    "document", [b"", b"{}", b"[]", b'{"proof":"baton-run/1"}', b'{"proof":"other/1","head":""}']
)
def test_other_documents_are_no_proofs(document: bytes) -> None:
    with pytest.raises(BadProof):
        parse_proof(document)


def test_a_proof_can_not_claim_more_than_it_holds(proofs: dict[str, bytes]) -> None:
    proof = parse_proof(proofs["range"])
    assert isinstance(proof, ExportProof)
    more = replace(proof, before={**proof.before, write("other", 0).stream: bytes(32)})
    outside = replace(proof, leaves=((SEALED, 1),))
    wrong = [verify_export(lines(EXPORTS["range"]), one, KEYS) for one in (more, outside)]

    assert [one.broken is not None for one in wrong] == [True, True]
