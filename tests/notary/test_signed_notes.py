"""Signed notes and heads against the examples of C2SP and of Go's sumdb/note."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.eventlog.notary.anchors import last_note
from baton.eventlog.notary.audit_keys import AuditKeys
from baton.eventlog.notary.merkle import leaf_hash
from baton.eventlog.notary.signed_head import TreeHead, open_head, parse_head, read_head
from baton.eventlog.notary.signed_note import (
    BadKey,
    BadNote,
    SigningKey,
    VerifierKey,
    open_note,
    read_note,
)

# The example of golang.org/x/mod/sumdb/note.
GO_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_NOTE = (
    GO_TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKv"
    "qfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# The example of C2SP signed-note.
C2SP_VERIFIER = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONnc"
    "AlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

KEY = SigningKey("baton", bytes(range(32)))
HEAD = TreeHead(
    origin="baton", size=5_001, root=leaf_hash(b""), position=5_140, at=1_800_000_000_000
)
KEYS = (KEY.verifier,)


def test_a_key_signs_as_the_reference_does() -> None:
    key = SigningKey.parse(GO_SIGNER)

    assert str(key.verifier) == GO_VERIFIER
    assert key.sign(GO_TEXT) == GO_NOTE
    assert key.text == GO_SIGNER


@pytest.mark.parametrize(
    ("key", "note", "text"),
    [
        (GO_VERIFIER, GO_NOTE, GO_TEXT),
        (C2SP_VERIFIER, C2SP_NOTE, "This is an example message.\n"),
    ],
)
def test_notes_of_others_are_opened(key: str, note: bytes, text: str) -> None:
    assert open_note(note, [KEY.verifier, VerifierKey.parse(key)]) == text


def test_a_note_needs_the_signature_of_a_known_key() -> None:
    with pytest.raises(BadNote, match="is not signed by baton"):
        open_note(GO_NOTE, KEYS)


def test_signatures_of_others_are_ignored() -> None:
    both = KEY.sign(GO_TEXT) + GO_NOTE.removeprefix(GO_TEXT.encode() + b"\n")

    assert open_note(both, KEYS) == open_note(both, [VerifierKey.parse(GO_VERIFIER)]) == GO_TEXT


@given(st.integers(0, len(GO_NOTE) - 1), st.integers(1, 255))
def test_no_byte_of_a_note_can_be_changed(place: int, change: int) -> None:
    changed = bytearray(GO_NOTE)
    changed[place] ^= change

    with pytest.raises(BadNote):
        open_note(bytes(changed), [VerifierKey.parse(GO_VERIFIER)])


@pytest.mark.parametrize("text", [GO_VERIFIER, GO_SIGNER])
def test_no_character_of_a_key_can_be_changed(text: str) -> None:
    parse = SigningKey.parse if text == GO_SIGNER else VerifierKey.parse
    for place in range(len(text)):
        with pytest.raises(BadKey):
            parse(f"{text[:place]}{chr(ord(text[place]) ^ 1)}{text[place + 1 :]}")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n"])
def test_a_key_has_a_name_that_a_note_can_hold(name: str) -> None:
    with pytest.raises(BadKey):
        SigningKey(name, bytes(32))


def test_a_refusal_of_a_signing_key_does_not_show_it() -> None:
    with pytest.raises(BadKey) as refusal:
        SigningKey.parse(GO_SIGNER[:-4] + "AAAA")

    assert "AYEK" not in str(refusal.value)


def test_a_head_is_a_checkpoint_with_two_extension_lines() -> None:
    assert HEAD.text == (
        "baton\n5001\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n"
        "position 5140\ntime 2027-01-15T08:00:00.000Z\n"
    )
    assert open_head(HEAD.signed(KEY), KEYS) == read_head(HEAD.signed(KEY)) == HEAD


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("5001", "05001"),
        ("5001", "+5001"),
        ("5001", "5_001"),
        ("position 5140", "position  5140"),
        ("position 5140", "5140"),
        ("08:00:00.000Z", "08:00:00Z"),
        ("B0=", "B1="),
        ("\ntime", "\nmore\ntime"),
    ],
)
def test_a_head_has_one_form(old: str, new: str) -> None:
    with pytest.raises(BadNote):
        parse_head(HEAD.text.replace(old, new))


def test_the_last_of_several_notes_is_found() -> None:
    first, last = KEY.sign("one\n"), KEY.sign("two\n\nand more\n")

    assert last_note(last) == last_note(first + last) == last_note(first + first + last) == last
    assert last_note(b"") == b""


def test_former_keys_stay_known() -> None:
    keys = AuditKeys.parse(f"{KEY.text}, {GO_VERIFIER}\n{GO_SIGNER}")

    assert [str(one) for one in keys.verifiers] == [str(KEY.verifier), GO_VERIFIER, GO_VERIFIER]
    assert keys.signing.verifier == KEY.verifier


@pytest.mark.parametrize("text", ["", GO_VERIFIER, f"{GO_SIGNER},x", "x"])
def test_the_first_key_signs(text: str) -> None:
    with pytest.raises(BadKey):
        AuditKeys.parse(text)


@pytest.mark.parametrize("note", [b"", b"text\n", b"text\n\n", b"text\n\nsigned\n", b"\xff\n\n"])
def test_other_texts_are_no_notes(note: bytes) -> None:
    with pytest.raises(BadNote):
        read_note(note)
