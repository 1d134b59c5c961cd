"""The leaf of an event: a hash over the event and the leaf of its predecessor in the stream.

Leaf = SHA-256(0x00 ‖ position ‖ version ‖ |stream| ‖ |topic| ‖ stream ‖ topic ‖ previous leaf ‖
SHA-256(stored bytes)), with position and version as 8 bytes and the lengths as 4 bytes, big-endian.
The previous leaf of version 1 is 32 zero bytes. The leaf of a stream's last event therefore commits
to the whole stream in its order. The bytes are hashed as they are stored, and an export writes them
unchanged: no canonical form of JSON is needed, and an import keeps every leaf.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from struct import Struct
from typing import Final

from baton.eventlog.events.envelope import Stored

NO_LEAF: Final = bytes(32)
"""Replaces the previous leaf for a stream's first event."""
REMEMBERED: Final = 25_000
"""The number of streams whose last leaf is kept at least; a batch of events may not have more."""

_HEAD = Struct(">BQQII")


def leaf_of(event: Stored, previous: bytes) -> bytes:
    """Return the leaf of an event; `previous` is the leaf before it in its stream."""
    position, name, version, kind, state = event
    stream, topic = name.encode(), kind.encode()
    head = _HEAD.pack(0, position, version, len(stream), len(topic))
    return sha256(head + stream + topic + previous + sha256(state).digest()).digest()


class LastLeaves:
    """The last leaves of the streams with recent events, in two generations."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._young: dict[str, bytes] = {}
        self._old: dict[str, bytes] = {}
        self._remembered = remembered

    def unknown(self, events: Sequence[Stored]) -> list[tuple[str, int]]:
        """Return stream and version of each event whose leaf is needed and isn't remembered.

        These are predecessors of `events`; a stream is returned once.
        """
        missing: dict[str, int] = {}
        for event in events:
            stream = event.stream
            is_known = stream in self._young or stream in self._old or stream in missing
            if event.version > 1 and not is_known:
                missing[stream] = event.version - 1
            elif event.version == 1:
                missing.setdefault(stream, 0)
        return [(stream, version) for stream, version in missing.items() if version]

    def learn(self, leaves: Mapping[str, bytes]) -> None:
        """Remember the last leaves of streams, by stream."""
        self._young.update(leaves)

    def extend(self, events: Sequence[Stored]) -> list[bytes]:
        """Return the leaves of events, in order, and remember them.

        It stops before an event whose predecessor's leaf is unknown; `unknown` names that
        predecessor.
        """
        young, old, leaves = self._young, self._old, list[bytes]()
        for position, stream, version, topic, state in events:  # as `leaf_of`, for many
            previous = NO_LEAF if version <= 1 else young.get(stream) or old.get(stream)
            if previous is None:
                break
            name, kind = stream.encode(), topic.encode()
            head = _HEAD.pack(0, position, version, len(name), len(kind))
            leaf = sha256(head + name + kind + previous + sha256(state).digest()).digest()
            young[stream] = leaf
            leaves.append(leaf)
        if len(young) >= self._remembered:
            self._young, self._old = {}, young
        return leaves
