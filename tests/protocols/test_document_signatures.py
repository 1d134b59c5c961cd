"""Detached JWS: signatures of an independent JOSE library are verified, any others refused."""

import json
import warnings
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey, OKPKey

from baton.protocols.canonical_json import canonical
from baton.protocols.document_signatures import (
    BadSignature,
    DocumentSignatures,
    UnfitKey,
    load_keys,
)

SECRET = "a secret of the tests that is long enough"
SHARED = OctKey.import_key(SECRET)
FIRST, SECOND, FOREIGN = (
    OKPKey.generate_key("Ed25519", parameters={"kid": name}) for name in ("first", "second", "x")
)
DOCUMENT = {"dagId": "orders", "steps": [{"id": "a", "uses": "größe", "with": {"n": 1e21}}]}


def sign(document: Any, key: Any, header: dict[str, Any]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # EdDSA is the name that the contract has
        signed = jws.serialize_compact(header, canonical(document), key, [header["alg"]])
    return f"{signed[: signed.index('.')]}..{signed.rpartition('.')[2]}"


def key_file(folder: Path, *keys: Any) -> Path:
    file = folder / "keys.json"
    file.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))
    return file


@pytest.fixture
def signatures(tmp_path: Path) -> DocumentSignatures:
    return DocumentSignatures(secret=SECRET, keys=load_keys(key_file(tmp_path, FIRST, SECOND)))


@pytest.mark.parametrize(
    ("key", "header"),
    [
        (SHARED, {"alg": "HS256"}),
        (FIRST, {"alg": "EdDSA", "kid": "first"}),
        (SECOND, {"alg": "EdDSA", "kid": "second"}),
    ],
)
def test_a_signature_of_the_canonical_document_is_verified(
    signatures: DocumentSignatures, key: Any, header: dict[str, Any]
) -> None:
    reordered = dict(reversed(DOCUMENT.items()))

    signatures.verify(sign(reordered, key, header), canonical(DOCUMENT))


def test_a_signature_of_the_bytes_themselves_is_verified(signatures: DocumentSignatures) -> None:
    """RFC 7797: the payload isn't encoded."""
    header = {"alg": "EdDSA", "kid": "first", "b64": False, "crit": ["b64"]}
    signature = sign(DOCUMENT, FIRST, header)

    signatures.verify(signature, canonical(DOCUMENT))


def encoded(header: object) -> str:
    return urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")


GOOD = sign(DOCUMENT, FIRST, {"alg": "EdDSA", "kid": "first"})
HEAD, _, SIGNED = GOOD.split(".")
BAD = {
    "of another document": sign(
        {**DOCUMENT, "dagId": "x"}, FIRST, {"alg": "EdDSA", "kid": "first"}
    ),
    "of another key": sign(DOCUMENT, SECOND, {"alg": "EdDSA", "kid": "first"}),
    "of an unknown key": sign(DOCUMENT, FOREIGN, {"alg": "EdDSA", "kid": "x"}),
    "without a kid among several keys": sign(DOCUMENT, FIRST, {"alg": "EdDSA"}),
    "of another secret": sign(DOCUMENT, OctKey.import_key(SECRET + "!"), {"alg": "HS256"}),
    "without an algorithm": f"{encoded({'alg': 'none'})}..",
    "of a public key as a secret": f"{encoded({'alg': 'HS256', 'kid': 'first'})}..{SIGNED}",
    "of an unsupported algorithm": f"{encoded({'alg': 'HS512'})}..{SIGNED}",
    "with a payload": f"{HEAD}.{encoded(DOCUMENT)}.{SIGNED}",
    "cut short": GOOD[:-10],
    "with an unknown critical member": (
        f"{encoded({'alg': 'EdDSA', 'kid': 'first', 'crit': ['exp']})}..{SIGNED}"
    ),
    "with a list as its kid": f"{encoded({'alg': 'EdDSA', 'kid': []})}..{SIGNED}",
    "not base64": "ä..ö",
    "empty": "",
    "endless": f"{HEAD}..{'A' * 100_000}",
    "a deep header": f"{urlsafe_b64encode(b'[' * 3_000).decode()}..{SIGNED}",
}


@pytest.mark.parametrize("name", BAD)
def test_any_other_signature_is_refused(signatures: DocumentSignatures, name: str) -> None:
    with pytest.raises(BadSignature):
        signatures.verify(BAD[name], canonical(DOCUMENT))


def test_the_only_key_needs_no_kid(tmp_path: Path) -> None:
    keys = load_keys(
        key_file(tmp_path, OKPKey.import_key(FIRST.as_dict(private=False, kid="only")))
    )
    signature = sign(DOCUMENT, FIRST, {"alg": "EdDSA"})

    DocumentSignatures(keys=keys).verify(signature, canonical(DOCUMENT))


def test_a_missing_signature_is_refused_only_where_one_is_required() -> None:
    DocumentSignatures().verify(None, b"{}")
    with pytest.raises(BadSignature, match="is required"):
        DocumentSignatures(required=True, secret=SECRET).verify(None, b"{}")


def test_a_signature_is_refused_where_no_key_can_verify_it() -> None:
    with pytest.raises(BadSignature, match="no key"):
        DocumentSignatures().verify(GOOD, canonical(DOCUMENT))


@pytest.mark.parametrize(
    "content",
    ["", "{}", '{"keys": 1}', '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AA"}]}', "[1]"],
)
def test_a_file_without_usable_keys_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)

    with pytest.raises(UnfitKey, match=r"keys\.json"):
        load_keys(file)


def test_two_keys_need_names_of_their_own(tmp_path: Path) -> None:
    twice = OKPKey.import_key({**SECOND.as_dict(private=False), "kid": "first"})

    with pytest.raises(UnfitKey, match="kid of its own"):
        load_keys(key_file(tmp_path, FIRST, twice))
