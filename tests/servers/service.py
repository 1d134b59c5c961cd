"""One Baton service as a child process that a test starts, kills, pauses and reads metrics of."""

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

from tests.kit.eventually import eventually

Verb = Literal["api", "dev", "executor", "projector", "scheduler"]

START_S = 60.0
STOP_S = 30.0
READY_S = 5.0
POLL_S = 0.02
_KILLED_WITH_PARENT = (
    (setpriv, "--pdeathsig", "KILL") if (setpriv := shutil.which("setpriv")) else ()
)
"""Command prefix that ends the service when the tests are killed."""
_READY = re.compile(r"ready at (http://\S+)")


class DiedAtStart(Exception):
    """The process ended before it was ready; holds its name, exit code and the end of its log."""


@dataclass(slots=True, eq=False)
class Service:
    """A named service; restarted under the same name, it is a new process.

    `exits` holds the exit codes of its former processes. Signals go to the child's process id only.
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
        """Base URL of its HTTP server; empty while it isn't ready."""
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
        """Start the process and wait until it is ready; raises `DiedAtStart` and `NotInTime`."""
        await self.launch(**environment)
        await self.wait_until_ready(wait_s=wait_s)

    async def launch(self, **environment: str) -> None:
        """Start the process without waiting."""
        assert not self.alive, f"{self.name} runs already"
        self._url = ""
        with self.out_file.open("wb") as out, self.log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *_KILLED_WITH_PARENT,
                *(sys.executable, "-m", "baton", self.verb, "--port", "0"),
                cwd=self.folder,
                env={**self.environment, **environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=log,
            )

    async def wait_until_ready(self, *, wait_s: float = START_S) -> None:
        """Wait until it prints its URL; raises `DiedAtStart` and `NotInTime`."""

        async def is_ready() -> bool:
            if not self.url and not self.alive:
                raise DiedAtStart(self.name, await self.wait(), self.log_tail())
            return bool(self.url)

        await eventually(is_ready, within_s=wait_s, every_s=POLL_S, explain=self.log_tail)

    async def kill(self) -> int:
        """End the process by SIGKILL and return its exit code."""
        return await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """End the process by SIGTERM and return its exit code."""
        return await self._end(signal.SIGTERM)

    async def wait(self) -> int:
        """Wait until the process ends and return its exit code."""
        process = self.running
        exit_code = await process.wait()
        self.process, self._url = None, ""
        self.exits.append(exit_code)
        return exit_code

    def pause(self) -> None:
        """Suspend the process by SIGSTOP."""
        self.running.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue a paused process."""
        self.running.send_signal(signal.SIGCONT)

    def log_tail(self, characters: int = 3_000) -> str:
        """Return the end of its log file."""
        text = self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
        return text[-characters:]

    async def metrics(self) -> dict[str, float]:
        """Return its metrics by name, summed over their labels."""
        async with aiohttp.request("GET", f"{self.url}/metrics") as response:
            text = await response.text()
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0.0) + sample.value
        return found

    async def is_ready(self) -> bool:
        """Whether its readiness endpoint answers 200."""
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
            return await self.wait()
