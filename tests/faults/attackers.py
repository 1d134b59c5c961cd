"""A flood of bad requests, as a process of its own: `python -m tests.faults.attackers JOB`.

JOB is JSON: `url`, `seconds`, `hook` and `start` (paths), `token` (of a tenant that misbehaves). It
prints the number of answers by attack and status as JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp

UNFINISHED = 300
WRONG_TOKENS = 1_500
WEBHOOKS = 1_500
LARGE_SENDERS = 50
BROKEN_OFF_PER_S = 20

BRACKETS = b'{"input":{"a":[' + b"[]," * 349_515 + b"[]]}}"
_SENDERS = 50
_AGAIN_S = 0.5
_LOST = (aiohttp.ClientError, OSError, asyncio.IncompleteReadError)


@dataclass
class Attack:
    """One attack; `answers` counts what came back."""

    url: str
    seconds: float
    hook: str
    start: str
    token: str
    answers: Counter[str] = field(default_factory=Counter)
    until: float = 0.0

    async def run(self) -> None:
        self.until = time.monotonic() + self.seconds
        unlimited = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(connector=unlimited) as session,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(UNFINISHED):
                group.create_task(self._while_time(self._unfinished))
            for _ in range(LARGE_SENDERS):
                group.create_task(self._while_time(lambda: self._large(session)))
            group.create_task(self._broken_off())
            wrong = {"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.d3Jvbmc"}
            await asyncio.gather(
                self._flood(WRONG_TOKENS, lambda: self._post(session, "wrong", self.start, wrong)),
                self._flood(WEBHOOKS, lambda: self._post(session, "webhook", self.hook, {})),
            )

    async def _while_time(self, attack: Callable[[], Awaitable[None]]) -> None:
        while time.monotonic() < self.until:
            try:
                await attack()
            except _LOST:
                self.answers["lost"] += 1
                await asyncio.sleep(_AGAIN_S)

    async def _flood(self, total: int, one: Callable[[], Awaitable[None]]) -> None:
        left = iter(range(total))

        async def send() -> None:
            for _ in left:
                try:
                    await one()
                except _LOST:
                    self.answers["lost"] += 1

        await asyncio.gather(*(send() for _ in range(_SENDERS)))

    async def _post(
        self, session: aiohttp.ClientSession, name: str, path: str, headers: dict[str, str]
    ) -> None:
        async with session.post(self.url + path, json={"a": 1}, headers=headers) as answer:
            await answer.read()
            self.answers[f"{name} {answer.status}"] += 1

    async def _large(self, session: aiohttp.ClientSession) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        async with session.post(self.url + self.start, data=BRACKETS, headers=headers) as answer:
            await answer.read()
            self.answers[f"brackets {answer.status}"] += 1

    async def _unfinished(self) -> None:
        """Send a body at one byte a second until the server closes the connection."""
        reader, writer = await self._begun()
        closed = asyncio.ensure_future(reader.read())
        try:
            while time.monotonic() < self.until and not closed.done():
                writer.write(b" ")
                await asyncio.wait([closed], timeout=1.0)
            self.answers["unfinished " + ("closed" if closed.done() else "open")] += 1
        finally:
            closed.cancel()
            await asyncio.gather(closed, return_exceptions=True)
            writer.close()
        await asyncio.sleep(_AGAIN_S)

    async def _broken_off(self) -> None:
        while time.monotonic() < self.until:
            try:
                _, writer = await self._begun()
                writer.close()
            except _LOST:
                self.answers["lost"] += 1
            await asyncio.sleep(1 / BROKEN_OFF_PER_S)

    async def _begun(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = (
            f"POST {self.hook} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            "Content-Length: 100000\r\n\r\n{"
        )
        writer.write(head.encode())
        await writer.drain()
        return reader, writer


def main() -> None:
    os.nice(19)  # attackers have processors of their own
    attack = Attack(**json.loads(sys.argv[1]))
    asyncio.run(attack.run())
    sys.stdout.write(json.dumps(attack.answers))


if __name__ == "__main__":
    main()
