"""`python -m baton.verification.process`: verifies a store, or a share of it; JSON in and out.

The request is `{"store": {"url", "folder"}, "keys": […]}`, or it names a share of the streams and a
span of the log: `{"store": …, "share": [number, of], "span": [after, last]}`. It comes on standard
input, because an address may hold a password. The answer is `{"finding": …}`, `{"break": …}`, or
`{"unavailable": message}`.
"""

import asyncio
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson

from baton.backend_choice import backend_of
from baton.domain.json import JsonObject
from baton.eventlog.errors import Unavailable
from baton.eventlog.notary.checks.shares import Share, Span, check_share
from baton.eventlog.notary.checks.store import Demands, verify_store
from baton.eventlog.notary.signed_note import VerifierKey
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.process_memory import collect_garbage_less_often

NICENESS: Final = 5
"""The priority below that of services, which may run on the same cores."""


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
        found = await check_share(stores.leaves, Share(*request["share"]), span)
        return {"break": None if found is None else asdict(found)}
    demands = Demands(keys=tuple(map(VerifierKey.parse, request["keys"])))
    verdict = await verify_store(stores.leaves, stores.artifacts, demands)
    return {"finding": asdict(verdict.finding)}


if __name__ == "__main__":
    os.nice(NICENESS)
    collect_garbage_less_often()
    sys.stdout.buffer.write(
        orjson.dumps(asyncio.run(answer(orjson.loads(sys.stdin.buffer.read()))))
    )
