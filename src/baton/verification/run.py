"""Starts verifications in processes, and reads their answers."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from typing import Any, Final

import orjson

from baton.domain.json import JsonObject
from baton.domain.verification.messages import Finding
from baton.eventlog.errors import Unavailable
from baton.eventlog.notary.checks.shares import Share, Span
from baton.eventlog.notary.checks.store import Helpers
from baton.eventlog.notary.checks.verdict import Break
from baton.eventlog.ports.backend import StoreLocation

_MODULE: Final = "baton.verification.process"
_SETTINGS: Final = "BATON_"


def helpers(location: StoreLocation, jobs: int) -> Helpers | None:
    """Return `jobs` - 1 processes that check shares of a store; None for one job."""
    if jobs == 1:
        return None

    async def check(span: Span) -> Break | None:
        answers = [ask(location, _share(number, jobs, span)) for number in range(1, jobs)]
        return _first(await asyncio.gather(*answers))

    return Helpers(share=Share(0, jobs), check=check)


async def verify_apart(location: StoreLocation, keys: Sequence[str]) -> Finding:
    """Verify a store in a process; raises `Unavailable`.

    Args:
        location: The store, which isn't in memory.
        keys: The verifier keys of its heads.
    """
    found = (await ask(location, {"keys": list(keys)}))["finding"]
    return Finding(**{**found, "signed_by": tuple(found["signed_by"])})


async def ask(location: StoreLocation, request: JsonObject) -> Any:
    """Return the answer of a process to a request; raises `Unavailable`.

    A cancellation kills the process.
    """
    store = {"url": location.url, "folder": str(location.folder)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", _MODULE),
        stdin=PIPE,
        stdout=PIPE,
        env={name: one for name, one in os.environ.items() if not name.startswith(_SETTINGS)},
        start_new_session=True,  # Ctrl-C reaches Baton only, which ends its processes itself
    )
    try:
        output, _ = await process.communicate(orjson.dumps({"store": store, **request}))
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    if process.returncode:
        raise Unavailable(f"the verifying process ended with {process.returncode}")
    answer: Any = orjson.loads(output)
    if "unavailable" in answer:
        raise Unavailable(answer["unavailable"])
    return answer


def _share(number: int, jobs: int, span: Span) -> JsonObject:
    return {"share": [number, jobs], "span": [span.after, span.last]}


def _first(answers: Sequence[Any]) -> Break | None:
    found = [Break(**one["break"]) for one in answers if one["break"] is not None]
    return min(found, key=lambda one: one.position or 0, default=None)
