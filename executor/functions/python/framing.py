"""Length-prefixed JSON messages between Baton and its function processes.

A frame is the length in 4 bytes, big-endian, followed by one JSON object of that many bytes.
"""

import asyncio
import struct
from typing import BinaryIO

import orjson

from baton.domain.json import JsonObject

_LENGTH = struct.Struct(">I")


def encode_frame(message: JsonObject) -> bytes:
    """Return the frame of one message."""
    raw = orjson.dumps(message)
    return _LENGTH.pack(len(raw)) + raw


def read_frame(source: BinaryIO) -> JsonObject | None:
    """Block until the next message has arrived and return it; None at the end of the stream."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    message: JsonObject = orjson.loads(source.read(_LENGTH.unpack(head)[0]))
    return message


async def receive_frame(source: asyncio.StreamReader) -> JsonObject:
    """Return the next message; raises asyncio.IncompleteReadError at the end of the stream."""
    (length,) = _LENGTH.unpack(await source.readexactly(_LENGTH.size))
    message: JsonObject = orjson.loads(await source.readexactly(length))
    return message
