"""A cluster of Baton services over one PostgreSQL database and one Kafka broker.

    async with Cluster(folder, store=await database_for(folder), log=kafka.url) as cluster:
        await cluster.migrate()
        await cluster.start("api", "executor", "executor", "projector", "scheduler")
        await cluster["executor-1"].kill()

Clients send requests to `cluster.url` with `cluster.headers`; the folder holds each process's log.
"""

import asyncio
import os
import secrets
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import jwt

from tests.servers.service import Service, Verb

ROOT = Path(__file__).parents[2]
TENANT = "demo"
TOKEN_S = 24 * 3_600


class CommandResult(NamedTuple):
    """Exit code and output of a finished command."""

    exit_code: int
    out: str
    err: str


class Cluster:
    """Service processes by name (`api-1`, `executor-2`); leaving the context kills all of them."""

    def __init__(
        self,
        folder: Path,
        *,
        store: str,
        log: str,
        prefix: str | None = None,
        functions: str = "",
        **environment: str,
    ) -> None:
        """Describe the cluster; nothing starts yet.

        Args:
            folder: Working directory of the services; holds their logs.
            store: URL of the PostgreSQL database.
            log: URL of the Kafka broker.
            prefix: Topic prefix; a random one if None.
            functions: Modules with functions that executors load.
            environment: Further environment variables of every service.
        """
        self.folder = folder
        self.store = store
        self.log = log
        self.prefix = prefix or f"test-{secrets.token_hex(4)}."
        self.services: dict[str, Service] = {}
        self._numbers: Counter[Verb] = Counter()
        self._secret = secrets.token_urlsafe(48)
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("BATON_")
        }
        self.environment = {
            **inherited,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "BATON_STORE": store,
            "BATON_LOG": log,
            "BATON_JWT_SECRET": self._secret,
            "BATON_TOPIC_PREFIX": self.prefix,
            "BATON_RECORDS_TOPIC": self.records_topic,
            "BATON_FUNCTIONS": functions,
            "BATON_DATA": str(folder / "data"),
            **environment,
        }

    @property
    def records_topic(self) -> str:
        return f"{self.prefix}records"

    @property
    def runs_topic(self) -> str:
        return f"{self.prefix}runs"

    @property
    def url(self) -> str:
        """Base URL of an API service that is ready."""
        return next(one.url for one in self.of("api") if one.alive and one.url)

    @property
    def headers(self) -> dict[str, str]:
        """Authorization headers of a client of `TENANT`."""
        scope = "orchestrator:read orchestrator:write orchestrator:admin"
        exp = int(time.time()) + TOKEN_S
        claims = {"sub": "ann", "tenant": TENANT, "scope": scope, "exp": exp}
        return {"Authorization": f"Bearer {jwt.encode(claims, self._secret, algorithm='HS256')}"}

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def of(self, verb: Verb) -> list[Service]:
        """Return the services that run `verb`."""
        return [one for one in self.services.values() if one.verb == verb]

    def add(self, verb: Verb, **environment: str) -> Service:
        """Add a service without starting it."""
        self._numbers[verb] += 1
        name = f"{verb}-{self._numbers[verb]}"
        service = Service(name, verb, self.folder, {**self.environment, **environment})
        self.services[name] = service
        return service

    async def start(self, *verbs: Verb) -> list[Service]:
        """Start one new service per verb concurrently and wait until all are ready."""
        added = [self.add(verb) for verb in verbs]
        await asyncio.gather(*(one.start() for one in added))
        return added

    async def migrate(self) -> None:
        """Create tables and topics."""
        migrated = await self.baton("migrate")
        assert migrated.exit_code == 0, migrated

    async def baton(self, *arguments: str, **environment: str) -> CommandResult:
        """Run the `baton` command and wait for it; it is killed if the caller is cancelled."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "baton", *arguments),
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            out, err = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.communicate()
            raise
        assert process.returncode is not None
        return CommandResult(process.returncode, out.decode(), err.decode())

    def log_tail(self) -> str:
        """Return the end of every service's log."""
        return "\n".join(f"--- {one.name}\n{one.log_tail()}" for one in self.services.values())

    async def stop(self) -> dict[str, int]:
        """Stop all services gracefully and concurrently; return their exit codes by name."""
        alive = [one for one in self.services.values() if one.alive]
        exits = await asyncio.gather(*(one.stop() for one in alive))
        return {one.name: exit_code for one, exit_code in zip(alive, exits, strict=True)}

    async def kill(self) -> None:
        """End all services by SIGKILL, concurrently."""
        alive = [one for one in self.services.values() if one.alive]
        await asyncio.gather(*(one.kill() for one in alive))

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.kill()
