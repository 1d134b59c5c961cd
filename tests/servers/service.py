"""One Baton service as a process of its own: started, killed, paused and asked for its metrics."""

import asyncio
import re
import shutil
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

Verb = Literal["api", "executor", "projector", "scheduler"]

START_S = 60.0
STOP_S = 30.0
READY_S = 5.0
POLL_S = 0.02
_WITH_PARENT = (setpriv, "--pdeathsig", "KILL") if (setpriv := shutil.which("setpriv")) else ()
"""Begins a command that ends when the tests are killed."""
_READY = re.compile(r"ready at (http://\S+)")


class DiedAtStart(Exception):
    """The process ended before it was ready: what it exited with, and what it said last."""


@dataclass(slots=True, eq=False)
class Service:
    """A process of a name; `exits` is what its former lives exited with.

    Only ever killed by the id of the child it is.
    """

    name: str
    verb: Verb
    folder: Path
    environment: Mapping[str, str]
    process: Process | None = None
    exits: list[int] = field(default_factory=list)
    _url: str = ""

    @property
    def url(self) -> str:
        """Where it answers; empty while it isn't up."""
        if not self._url and self.alive and (found := _READY.search(self.out_file.read_text())):
            self._url = found[1].rstrip("/.")
        return self._url if self.alive else ""

    @property
    def out_file(self) -> Path:
        return self.folder / f"{self.name}.out"

    @property
    def log_file(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def running(self) -> Process:
        assert self.process is not None, f"{self.name} isn't started"
        return self.process

    @property
    def pid(self) -> int:
        return self.running.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self, *, wait_s: float = START_S, **environment: str) -> None:
        """Start, and return when it says where it is; raises DiedAtStart."""
        await self.launch(**environment)
        await self.ready(wait_s=wait_s)

    async def launch(self, **environment: str) -> None:
        """Start without waiting."""
        assert not self.alive, f"{self.name} runs already"
        self._url = ""
        with self.out_file.open("wb") as out, self.log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *_WITH_PARENT,
                *(sys.executable, "-m", "baton", self.verb, "--port", "0"),
                cwd=self.folder,
                env={**self.environment, **environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=log,
            )

    async def ready(self, *, wait_s: float = START_S) -> None:
        """Wait for its address; raises DiedAtStart and TimeoutError."""
        async with asyncio.timeout(wait_s):
            while not self.url:
                if not self.alive:
                    raise DiedAtStart(self.name, await self.ended(), self.said())
                await asyncio.sleep(POLL_S)

    async def kill(self) -> int:
        """Kill -9; return what it exited with."""
        return await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to stop; return what it exited with."""
        return await self._end(signal.SIGTERM)

    async def ended(self) -> int:
        """Wait until it has ended; return what it exited with."""
        process = self.running
        exited = await process.wait()
        self.process, self._url = None, ""
        self.exits.append(exited)
        return exited

    def pause(self) -> None:
        """Stop it in the middle of everything."""
        self.running.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on as if nothing had been."""
        self.running.send_signal(signal.SIGCONT)

    def said(self, characters: int = 3_000) -> str:
        """Return the end of what it logged."""
        text = self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
        return text[-characters:]

    async def metrics(self) -> dict[str, float]:
        """Return its metrics; the values of those with labels are added up."""
        async with aiohttp.request("GET", f"{self.url}/metrics") as response:
            text = await response.text()
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0.0) + sample.value
        return found

    async def is_ready(self) -> bool:
        """Whether it says of itself that it is of use."""
        patience = aiohttp.ClientTimeout(total=READY_S)
        try:
            async with aiohttp.request("GET", f"{self.url}/readyz", timeout=patience) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _end(self, how: signal.Signals) -> int:
        self.running.send_signal(signal.SIGCONT)
        self.running.send_signal(how)
        async with asyncio.timeout(STOP_S):
            return await self.ended()
