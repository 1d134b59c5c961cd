"""Any number of Baton's services on one PostgreSQL database and one Kafka.

    async with Cluster(folder, store=await database_for(folder), log=kafka.url) as cluster:
        await cluster.migrate()
        await cluster.start("api", "executor", "executor", "projector", "scheduler")
        await cluster["executor-1"].kill()

Clients ask `cluster.url` with `cluster.headers`; what a process logged is in the folder.
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


class Said(NamedTuple):
    """What a command line exited with and wrote."""

    exited: int
    out: str
    err: str


class Cluster:
    """Services by name (`api-1`, `executor-2`); what is configured goes into their environment.

    `store` and `log` are addresses; `functions` names modules to load; more of the environment as
    keywords. What is left in `folder` says afterwards what each of them logged.
    """

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
        self.folder = folder
        self.store = store
        self.log = log
        self.prefix = prefix or f"test-{secrets.token_hex(4)}."
        self.services: dict[str, Service] = {}
        self._numbers: Counter[Verb] = Counter()
        self._secret = secrets.token_urlsafe(48)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
        self.environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
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
        """The address of an api that is up."""
        return next(one.url for one in self.of("api") if one.alive and one.url)

    @property
    def headers(self) -> dict[str, str]:
        """What a client of the tenant sends along."""
        scope = "orchestrator:read orchestrator:write orchestrator:admin"
        exp = int(time.time()) + TOKEN_S
        claims = {"sub": "ann", "tenant": TENANT, "scope": scope, "exp": exp}
        return {"Authorization": f"Bearer {jwt.encode(claims, self._secret, algorithm='HS256')}"}

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def of(self, verb: Verb) -> list[Service]:
        """Return the services of a kind."""
        return [one for one in self.services.values() if one.verb == verb]

    def add(self, verb: Verb, **environment: str) -> Service:
        """Return a further service, which isn't started."""
        self._numbers[verb] += 1
        name = f"{verb}-{self._numbers[verb]}"
        service = Service(name, verb, self.folder, {**self.environment, **environment})
        self.services[name] = service
        return service

    async def start(self, *verbs: Verb) -> list[Service]:
        """Start a service of each kind named, all at once, and wait until they are up."""
        added = [self.add(verb) for verb in verbs]
        await asyncio.gather(*(one.start() for one in added))
        return added

    async def migrate(self) -> None:
        """Create tables and topics."""
        said = await self.baton("migrate")
        assert said.exited == 0, said

    async def baton(self, *arguments: str, **environment: str) -> Said:
        """Run `baton` with these arguments."""
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
        return Said(process.returncode, out.decode(), err.decode())

    def said(self) -> str:
        """Return the end of every log."""
        return "\n".join(f"--- {one.name}\n{one.said()}" for one in self.services.values())

    async def stop(self) -> dict[str, int]:
        """Stop everything gracefully, all at once; return what they exited with."""
        alive = [one for one in self.services.values() if one.alive]
        exits = await asyncio.gather(*(one.stop() for one in alive))
        return {one.name: exited for one, exited in zip(alive, exits, strict=True)}

    async def kill(self) -> None:
        """Kill -9 everything at once."""
        alive = [one for one in self.services.values() if one.alive]
        await asyncio.gather(*(one.kill() for one in alive))

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.kill()
