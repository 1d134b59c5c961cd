"""Runs `baton dev` as a child process that tests kill; signals go to the child's id only."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.faults.event_log import Log, read_log
from tests.faults.side_effect_log import VARIABLE

ROOT = Path(__file__).parents[2]
START_S = 60
END_S = 60


class DiedAtStart(Exception):
    """The process ended before it was ready."""


@dataclass(slots=True)
class Installation:
    """A data folder, the files beside it, and the process that runs on it, if any."""

    folder: Path
    url: str = ""
    process: Process | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def side_effect_log(self) -> Path:
        return self.folder / "side_effects"

    @property
    def log_file(self) -> Path:
        return self.folder / "stderr"

    @property
    def headers(self) -> dict[str, str]:
        token = (self.data / "token").read_text(encoding="utf-8").strip()
        return {"Authorization": f"Bearer {token}"}

    @property
    def own_environment(self) -> dict[str, str]:
        """The environment of the process, without Baton settings of the test run."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
        return {
            **kept,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            VARIABLE: str(self.side_effect_log),
        }

    @property
    def running(self) -> Process:
        """The running process."""
        assert self.process is not None, "no process runs"
        return self.process

    async def events(self, *, after: int = 0) -> Log:
        """Return the events after a position."""
        return await asyncio.to_thread(read_log, self.data, after=after)

    def log_tail(self) -> str:
        """Return the end of the process's log."""
        return self.log_file.read_text(encoding="utf-8")[-3_000:]

    async def start(self, **environment: str) -> None:
        """Start the process on the folder and wait for its address; raises `DiedAtStart`."""
        with self.log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "baton", "dev", "--port", "0", "--data", str(self.data)),
                *("--functions", "tests.faults.functions"),
                cwd=self.folder,
                env={**self.own_environment, **environment},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        async with asyncio.timeout(START_S):
            await self._read_address(self.process)

    @property
    def writers(self) -> list[int]:
        """The ids of its child processes, which write its files."""
        tasks = Path(f"/proc/{self.running.pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]

    async def kill(self) -> int:
        """Kill the process by SIGKILL; return its exit code."""
        self.running.kill()
        return await self.ended()

    async def stop(self) -> int:
        """Stop the process by SIGTERM; return its exit code."""
        self.running.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until the process has ended; return its exit code."""
        process, self.process = self.running, None
        try:
            async with asyncio.timeout(END_S):
                await process.communicate()  # closes the pipe too
        finally:
            if process.returncode is None:
                process.kill()
        return await process.wait()

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self.process is not None:
            await self.kill()

    async def _read_address(self, process: Process) -> None:
        assert process.stdout is not None
        self.url = ""
        while line := await process.stdout.readline():
            if b"http://" in line and not self.url:
                self.url = line.split(b"http://")[1].split()[0].split(b"/")[0].decode()
            if line.startswith(b"Ctrl-C"):
                self.url = f"http://{self.url}"
                return
        raise DiedAtStart(await self.ended(), self.log_file.read_text(encoding="utf-8")[-2_000:])
