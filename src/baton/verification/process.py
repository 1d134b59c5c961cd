"""`python -m baton.verification.process`: verifies a store, or a share of it; JSON in and out.

The request is `{"store": {"url", "folder"}, "keys": […]}`, or it names a share of the streams and a
span of the log: `{"store": …, "share": [number, of], "span": [after, last]}`. It comes on standard
input, because an address may hold a password. The answer is the last line: `{"finding": …}`,
`{"break": …}`, or `{"unavailable": message}`. Lines before it are `{"progress": [position, last]}`.
"""

import asyncio
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson

from baton.backend_choice import backend_of
from baton.domain.json import JsonObject
from baton.eventlog.errors import Unavailable
from baton.eventlog.notary.checks.shares import Share, Span, check_share
from baton.eventlog.notary.checks.store import Requirements, verify_store
from baton.eventlog.notary.signed_note import VerifierKey
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.process_priority import lower_priority
from baton.process_memory import collect_garbage_less_often

PAUSE_S: Final = 0.25
"""The shortest time between two lines of progress, in seconds."""


async def answer(request: Any) -> JsonObject:
    """Return the answer to a request."""
    try:
        stores = await _opened(request["store"])
        try:
            return await _checked(stores, request)
        finally:
            await stores.close()
    except Unavailable as error:
        return {"unavailable": str(error)}


async def _opened(store: Any) -> Stores:
    url, folder = store["url"], Path(store["folder"])
    location = StoreLocation(secrets_keys=(), url=url, folder=folder, read_only=True)
    return await backend_of(url).open(location)


async def _checked(stores: Stores, request: Any) -> JsonObject:
    if "share" in request:
        after, last = request["span"]
        span = Span(after=after, last=last)
        first_break = await check_share(stores.leaves, Share(*request["share"]), span)
        return {"break": None if first_break is None else asdict(first_break)}
    demands = Requirements(keys=tuple(map(VerifierKey.parse, request["keys"])))
    verdict = await verify_store(stores.leaves, stores.artifacts, demands, progress=_Progress())
    return {"finding": asdict(verdict.finding)}


class _Progress:
    """Writes the progress as a line, at most a few times a second."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def __call__(self, position: int, last: int) -> None:
        now = time.monotonic()
        if now >= self._next_at:
            self._next_at = now + PAUSE_S
            _write({"progress": [position, last]})


def _write(line: JsonObject) -> None:
    sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    lower_priority()
    collect_garbage_less_often()
    _write(asyncio.run(answer(orjson.loads(sys.stdin.buffer.read()))))
