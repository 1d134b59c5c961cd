"""`baton dev` as a process of its own, to be killed: only ever by the id of the child."""

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


class DiedAtStart(Exception):
    """The process ended before it was ready."""


@dataclass(slots=True)
class Installation:
    """A data folder with what belongs to it, and the process on it while one runs."""

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
        """The environment without anybody's Baton settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
        return {
            **kept,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            VARIABLE: str(self.side_effect_log),
        }

    @property
    def running(self) -> Process:
        """The process; its id is the only one that is ever killed."""
        assert self.process is not None, "nothing runs"
        return self.process

    async def events(self, *, after: int = 0) -> Log:
        """Return the events behind a position."""
        return await asyncio.to_thread(read_log, self.data, after=after)

    def log_tail(self) -> str:
        """Return the end of what it logged."""
        return self.log_file.read_text(encoding="utf-8")[-3_000:]

    async def start(self, **environment: str) -> None:
        """Start on whatever the folder holds; raises DiedAtStart."""
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
        """The processes that write its files for it, by their ids: children of its own."""
        tasks = Path(f"/proc/{self.running.pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]

    async def kill(self) -> int:
        """Kill -9; return what it exited with."""
        self.running.kill()
        return await self.ended()

    async def stop(self) -> int:
        """Ask it to stop; return what it exited with."""
        self.running.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it has ended; return what it exited with."""
        process, self.process = self.running, None
        await process.communicate()  # also lets go of the pipe
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
                self.url = line.split(b"http://")[1].split()[0].decode()
            if line.startswith(b"Ctrl-C"):
                self.url = f"http://{self.url}"
                return
        raise DiedAtStart(await self.ended(), self.log_file.read_text(encoding="utf-8")[-2_000:])
