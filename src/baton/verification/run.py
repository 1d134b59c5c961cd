"""Starts verifications in processes, and reads their answers."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from typing import Any, Final

import orjson

from baton.domain.json import JsonObject
from baton.domain.verification.messages import Finding
from baton.eventlog.errors import Unavailable
from baton.eventlog.notary.checks.shares import Share, Span
from baton.eventlog.notary.checks.store import Helpers, Progress
from baton.eventlog.notary.checks.verdict import Break
from baton.eventlog.ports.backend import StoreLocation
from baton.protocols.masking import environment_without_settings

_MODULE: Final = "baton.verification.process"
_MAX_LINE: Final = 4 * 1024 * 1024


def helpers(location: StoreLocation, jobs: int) -> Helpers | None:
    """Return `jobs` - 1 processes that check shares of a store; None for one job."""
    if jobs == 1:
        return None

    async def check(span: Span) -> Break | None:
        answers = [ask(location, _share(number, jobs, span)) for number in range(1, jobs)]
        return _first(await asyncio.gather(*answers))

    return Helpers(share=Share(0, jobs), check=check)


async def verify_apart(
    location: StoreLocation, keys: Sequence[str], progress: Progress = lambda _at, _last: None
) -> Finding:
    """Verify a store in a separate process; raises `Unavailable`.

    Args:
        location: The store, which isn't in memory.
        keys: The verifier keys of its heads.
        progress: Called with the checked position, and the last position.
    """
    finding = (await ask(location, {"keys": list(keys)}, progress))["finding"]
    return Finding(**{**finding, "signed_by": tuple(finding["signed_by"])})


async def ask(
    location: StoreLocation,
    request: JsonObject,
    progress: Progress = lambda _at, _last: None,
) -> Any:
    """Return the answer of a process to a request; raises `Unavailable`.

    The process writes a line of JSON for each progress, and the answer as the last line. A
    cancellation kills it.
    """
    store = {"url": location.url, "folder": str(location.folder)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", _MODULE),
        stdin=PIPE,
        stdout=PIPE,
        env=environment_without_settings(),
        limit=_MAX_LINE,
        start_new_session=True,  # Ctrl-C reaches Baton only, which ends its processes itself
    )
    try:
        answer = await _read(process, orjson.dumps({"store": store, **request}), progress)
        await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    if process.returncode:
        raise Unavailable(f"the verifying process ended with {process.returncode}")
    if "unavailable" in answer:
        raise Unavailable(answer["unavailable"])
    return answer


async def _read(process: asyncio.subprocess.Process, request: bytes, progress: Progress) -> Any:
    """Send the request, and return the last line that isn't a progress line."""
    if process.stdin is None or process.stdout is None:
        raise AssertionError
    with contextlib.suppress(ConnectionError):  # a process that ended has no answer
        process.stdin.write(request)
        process.stdin.close()
    answer: Any = {"unavailable": "the verifying process gave no answer"}
    async for line in process.stdout:
        message = orjson.loads(line)
        if "progress" in message:
            progress(*message["progress"])
        else:
            answer = message
    return answer


def _share(number: int, jobs: int, span: Span) -> JsonObject:
    return {"share": [number, jobs], "span": [span.after, span.last]}


def _first(answers: Sequence[Any]) -> Break | None:
    breaks = [Break(**answer["break"]) for answer in answers if answer["break"] is not None]
    return min(breaks, key=lambda candidate: candidate.position or 0, default=None)
