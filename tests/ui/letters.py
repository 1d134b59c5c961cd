"""A dead letter in the store of a server; `baton dev` alone receives no messages."""

from pathlib import Path
from typing import Final

from baton.backends.sqlite import BACKEND
from baton.eventlog.dead_letters.dead_lettering import dead_letter
from baton.eventlog.ports.backend import StoreLocation
from baton.eventlog.ports.topics import Message, ReceivedMessage

REASON: Final = "specversion: must be '1.0'"
VALUE: Final = '{"workspaceslug": "demo", "specversion": "0.3", "note": "café"}'.encode()
_AT: Final = 1_767_603_600_000
_RECEIVED: Final = ReceivedMessage(
    topic="in.records", partition=0, offset=7, at=_AT, message=Message(value=VALUE)
)
LETTER: Final = dead_letter(_RECEIVED, REASON, at=_AT)


async def write_letter(folder: Path) -> None:
    """Store the letter in the data folder of a `baton dev` that hasn't started."""
    stores = await BACKEND.open(StoreLocation(secrets_keys=(), folder=folder / ".baton"))
    try:
        await stores.dead_letters.put([LETTER])
    finally:
        await stores.close()
