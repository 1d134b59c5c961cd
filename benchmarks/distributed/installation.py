"""A distributed installation: a database, topics, definitions, and every service as a process."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from baton.cli.make_token import sign_token
from benchmarks.distributed.commands import JWT_SECRET, commands_on
from benchmarks.distributed.servers import Servers
from benchmarks.distributed.topics import create_topic
from benchmarks.http_client import Server
from benchmarks.load import TENANT
from benchmarks.processes import MeasurementFailed, environment

PARTITIONS = 12
DEFINED = ("3-step", "10-step", "fan-out-100")
_READY_WITHIN_S = 60.0
_STOPS_WITHIN_S = 30.0
_LOOK_AGAIN_S = 0.05
_ADDRESS = re.compile(r"is ready at (http://\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The number of executors, and of partitions of the runs topic."""

    executors: int = 1
    partitions: int = PARTITIONS

    @property
    def services(self) -> dict[str, int]:
        """Return the number of processes of each service."""
        return {"api": 1, "projector": 1, "scheduler": 1, "executor": self.executors}


@dataclass(slots=True, kw_only=True)
class Installation:
    """A running installation: URLs and process ids by service, definition ids by shape."""

    store: str
    folder: Path
    definitions: Mapping[str, str]
    pids: dict[str, tuple[int, ...]]
    addresses: dict[str, list[str]] = field(default_factory=dict)

    @property
    def api(self) -> Server:
        """Return the API, with a token."""
        claims = {"tenant": TENANT, "scope": "orchestrator:admin"}
        expires = int(time.time()) + 7_200
        token = sign_token(JWT_SECRET, sub="bench", exp=expires, **claims)
        return Server(url=self.addresses["api"][0], token=token)


@contextmanager
def installation(
    servers: Servers, folder: Path, layout: Layout, *, command: Sequence[str] = ("baton",)
) -> Iterator[Installation]:
    """Run the services until the block ends; `command` is the module that runs a verb."""
    prefix = f"bench-{folder.name}."
    with ExitStack() as opened:
        store = opened.enter_context(servers.database())
        variables = _variables(servers, store, prefix)
        create_topic(servers.kafka, f"{prefix}runs", partitions=layout.partitions)
        _migrate(folder, variables)
        it = Installation(
            store=store,
            folder=folder,
            definitions=asyncio.run(_defined(store, folder)),
            pids=dict(servers.pids),
        )
        started: list[tuple[str, subprocess.Popen[bytes], Path]] = []
        opened.callback(_stop, started)
        for service, count in layout.services.items():
            started += [_start(service, n, it, variables, command) for n in range(count)]
        for service, process, output_file in started:
            it.addresses.setdefault(service, []).append(_address(process, output_file))
            it.pids[service] = (*it.pids.get(service, ()), process.pid)
        yield it


def _variables(servers: Servers, store: str, prefix: str) -> dict[str, str]:
    return {
        **environment(),
        "BATON_STORE": store,
        "BATON_LOG": servers.kafka,
        "BATON_TOPIC_PREFIX": prefix,
        "BATON_RECORDS_TOPIC": f"{prefix}records",
        "BATON_JWT_SECRET": JWT_SECRET,
    }


def _migrate(folder: Path, variables: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "baton", "migrate"],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MeasurementFailed(f"baton migrate: {done.stderr[-2_000:]}{done.stdout[-2_000:]}")


async def _defined(store: str, folder: Path) -> dict[str, str]:
    """Create the definitions in the store: the measured dialect can't express a fan-out."""
    async with commands_on(store, folder) as commands:
        return await commands.define(DEFINED)


def _start(
    service: str,
    number: int,
    it: Installation,
    variables: Mapping[str, str],
    command: Sequence[str],
) -> tuple[str, subprocess.Popen[bytes], Path]:
    output_file = it.folder / f"{service}-{number}.txt"
    with output_file.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, service, "--port", "0"],
            cwd=it.folder,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return service, process, output_file


def _address(process: subprocess.Popen[bytes], output_file: Path) -> str:
    """Return a service's URL once it is ready."""
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        text = output_file.read_text(encoding="utf-8", errors="replace")
        found = _ADDRESS.search(text)
        if found and _ready(found[1]):
            return found[1]
        if process.poll() is not None or time.monotonic() > deadline:
            raise MeasurementFailed(f"{output_file.stem}: {text[-2_000:]}")
        time.sleep(_LOOK_AGAIN_S)


def _ready(address: str) -> bool:
    try:
        with urlopen(f"{address}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (HTTPError, URLError, OSError):
        return False


def _stop(started: Sequence[tuple[str, subprocess.Popen[bytes], Path]]) -> None:
    """Terminate all services and wait: a profiled service writes its profile at the end."""
    for _, process, _ in started:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGTERM)
    until = time.monotonic() + _STOPS_WITHIN_S
    for _, process, _ in started:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
