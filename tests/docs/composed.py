"""Runs the services of compose.yaml as processes of this machine; one folder is their /srv/baton.

Commands, settings, health checks and baton.toml are those of the file, with the addresses of the
tests' servers. Images, mounts and networks are left to Docker.
"""

import asyncio
import secrets
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.cli.processes import BATON, DEADLINE_S, Ended, baton, environment
from tests.docs.test_compose import COMPOSE, OURS, SERVICES
from tests.kit.eventually import eventually
from tests.servers.availability import unused_port
from tests.servers.kafka import server_url, topic_prefix_for

PORT = "8080"
POLL_S = 0.1


class Composed:
    """Every service that compose.yaml starts, on a store of its own."""

    def __init__(self, folder: Path, store: str) -> None:
        self.folder = folder
        self._ports = {name: str(unused_port()) for name in SERVICES}
        prefix = topic_prefix_for(folder)
        secret = folder / "jwt_secret"
        secret.write_text(secrets.token_hex(32))
        self._here = {
            "BATON_STORE": store,
            "BATON_LOG": server_url(),
            "BATON_JWT_SECRET_FILE": str(secret),
            "BATON_HOST": "127.0.0.1",
        }
        self._topics = {"BATON_TOPIC_PREFIX": prefix, "BATON_RECORDS_TOPIC": f"{prefix}records"}
        for config in OURS["api"].configs:
            path = folder / Path(config.target).relative_to("/srv/baton")
            path.write_text(COMPOSE.configs[config.source].content)

    def _settings_of(self, name: str) -> dict[str, str]:
        """Return the variables that a service has in the file, with the values of this machine."""
        declared = OURS[name].environment
        here = {variable: self._here.get(variable, value) for variable, value in declared.items()}
        return here | self._topics

    @property
    def url(self) -> str:
        """The address of the api."""
        return f"http://127.0.0.1:{self._ports['api']}"

    @property
    def migration(self) -> list[str]:
        """The services that end before the others start."""
        return OURS["migrate"].command

    async def verb(self, *arguments: str, **settings: str) -> Ended:
        """Run a verb to its end."""
        env = {**self._settings_of("api"), **settings}
        return await asyncio.to_thread(baton, *arguments, folder=self.folder, env=env)

    @asynccontextmanager
    async def started(self, name: str) -> AsyncIterator[None]:
        """Run a service until the block ends; it must exit with 0."""
        words = [self._ports[name] if word == PORT else word for word in OURS[name].command]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(*BATON, *words),
                cwd=self.folder,
                env=environment(self._settings_of(name)),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield
        finally:
            await _stop(process)
        assert process.returncode == 0, self.logs()

    async def healthy(self, name: str) -> bool:
        """Run the health check of a service."""
        _, _, *words = OURS[name].healthcheck.test
        mine = [word.replace(f":{PORT}/", f":{self._ports[name]}/") for word in words]
        check = await asyncio.create_subprocess_exec(
            *(sys.executable, *mine), stdout=DEVNULL, stderr=DEVNULL
        )
        return await check.wait() == 0

    async def eventually(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until a condition holds; a failure shows the logs of the services."""
        await eventually(holds, within_s=DEADLINE_S, every_s=POLL_S, explain=self.logs)

    def logs(self) -> str:
        """Return the last log lines of each service."""
        ends = ((path.name, path.read_text()[-2_000:]) for path in self.folder.glob("*.log"))
        return "\n".join(f"--- {name}\n{end}" for name, end in ends)


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(DEADLINE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
