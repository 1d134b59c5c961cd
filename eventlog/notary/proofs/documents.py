"""Documents that prove that a log contains events: their forms, and their creation.

`ExportProof` belongs to an export: it names the leaves of its events, the leaves before streams
that begin later, and the roots of the rest of the tree. `RunProof` holds the audit path of a
stream's last leaf (RFC 6962), which commits to the whole stream. Hashes are lowercase hex. A
document is accepted only in the exact bytes that Baton writes.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from baton.eventlog.notary.merkle import HASH_BYTES

EXPORT: Final = "baton-export/1"
RUN: Final = "baton-run/1"
MARK_BYTES: Final = 4


class BadProof(Exception):
    """A document isn't a proof, or doesn't prove the given events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportProof:
    """Proves the events of an export up to a head.

    Attributes:
        head: The signed note of the head.
        leaves: The indexes of the events' leaves as ranges (first, count).
        before: The leaf before the first event of each stream that doesn't begin with version 1.
        others: The roots of the greatest subtrees without any of the leaves, from left to right.
        marks: The first `MARK_BYTES` bytes of each leaf. They prove nothing, but locate a change in
            an export.
    """

    head: bytes
    leaves: tuple[tuple[int, int], ...]
    before: Mapping[str, bytes]
    others: tuple[bytes, ...]
    marks: bytes = b""

    @property
    def raw(self) -> bytes:
        """The document, with a newline."""
        document = {
            "proof": EXPORT,
            "head": self.head.decode(),
            "leaves": self.leaves,
            "before": {stream: leaf.hex() for stream, leaf in self.before.items()},
            "others": [root.hex() for root in self.others],
        }
        if self.marks:
            document["marks"] = b64encode(self.marks).decode()
        return orjson.dumps(document) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProof:
    """Proves the history of one stream up to its last event that a head covers.

    Attributes:
        head: The signed note of the head.
        stream: The name of the stream.
        version: The version of that event.
        position: Its position.
        index: The index of its leaf.
        leaf: Its leaf.
        path: The audit path of the leaf, from the leaf to the root.
    """

    head: bytes
    stream: str
    version: int
    position: int
    index: int
    leaf: bytes
    path: tuple[bytes, ...]

    @property
    def raw(self) -> bytes:
        """The document, with a newline."""
        document = {
            "proof": RUN,
            "head": self.head.decode(),
            "stream": self.stream,
            "version": self.version,
            "position": self.position,
            "index": self.index,
            "leaf": self.leaf.hex(),
            "path": [node.hex() for node in self.path],
        }
        return orjson.dumps(document) + b"\n"


Proof: TypeAlias = ExportProof | RunProof


def parse_proof(raw: bytes) -> Proof:
    """Return the proof of a document; raises `BadProof` unless Baton could have written it."""
    try:
        document = orjson.loads(raw)
        proof = _run(document) if document["proof"] == RUN else _export(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadProof(f"it isn't a proof of Baton ({type(error).__name__}: {error})") from None
    if proof.raw.rstrip(b"\n") != raw.removesuffix(b"\n"):
        raise BadProof("it isn't in the exact form that Baton writes")
    return proof


def _export(document: dict[str, Any]) -> ExportProof:
    if document["proof"] != EXPORT:
        raise ValueError("an unknown kind of proof")
    return ExportProof(
        head=document["head"].encode(),
        leaves=tuple((_number(first), _number(count)) for first, count in document["leaves"]),
        before={stream: _hash(leaf) for stream, leaf in document["before"].items()},
        others=tuple(map(_hash, document["others"])),
        marks=b64decode(document.get("marks", ""), validate=True),
    )


def _run(document: dict[str, Any]) -> RunProof:
    return RunProof(
        head=document["head"].encode(),
        stream=str(document["stream"]),
        version=_number(document["version"]),
        position=_number(document["position"]),
        index=_number(document["index"]),
        leaf=_hash(document["leaf"]),
        path=tuple(map(_hash, document["path"])),
    )


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a number from 0")
    return value


def _hash(text: str) -> bytes:
    value = bytes.fromhex(text)
    if len(value) != HASH_BYTES:
        raise ValueError("not a hash")
    return value
