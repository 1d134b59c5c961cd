"""Finds the backends and opens their stores."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import tests.backends
from baton.domain.run.messages import RunStarted
from baton.eventlog.events.envelope import Appended, Write
from baton.eventlog.ports.backend import Backend, Stores
from tests.backends.kafka import attach
from tests.servers import kafka

Open = Callable[[Path], Awaitable[Stores]]


def opens() -> dict[str, Open]:
    """Return what every backend with event streams opens them by."""
    names = [package.name for package in pkgutil.iter_modules(tests.backends.__path__)]
    found = {name: importlib.import_module(f"tests.backends.{name}") for name in names}
    return {
        name: module.open_stores for name, module in found.items() if hasattr(module, "open_stores")
    }


def _with_kafka(name: str) -> Open:
    async def open_stores(folder: Path) -> Stores:
        kafka.server_url()  # is skipped for, or not, before anything is opened
        return await attach(await opens()[name](folder), folder)

    return open_stores


def settings() -> dict[str, Open]:
    """Return what opens every setting of Baton: a backend, or one with a transport beside it."""
    return {**opens(), "postgres+kafka": _with_kafka("postgres")}


def carriers() -> dict[str, Open]:
    """Return what opens everything that carries messages, beside stores that cost nothing."""
    return {"memory": opens()["memory"], "kafka": _with_kafka("memory")}


def backend_of(name: str) -> Backend:
    """Return the backend that keeps the stores of a setting."""
    backend = importlib.import_module(f"baton.backends.{name.partition('+')[0]}").BACKEND
    assert isinstance(backend, Backend)
    return backend


class Opened:
    """One setting's stores in a folder, which can be closed and opened again."""

    def __init__(self, name: str, folder: Path) -> None:
        self.backend = backend_of(name)
        self._open = settings()[name]
        self.folder = folder
        self.now: Stores

    @property
    def durable(self) -> bool:
        return "durable" in self.backend.capabilities

    async def open(self) -> Stores:
        self.now = await self._open(self.folder)
        return self.now

    async def reopen(self) -> Stores:
        await self.now.close()
        return await self.open()


def happened(*at: int) -> list[RunStarted]:
    """Return events that differ by their time."""
    return [RunStarted(at=one) for one in at]


def write(stream: str, expected: int, *at: int) -> Write:
    return Write(stream=f"acme/run/{stream}", expected=expected, events=happened(*at))


async def appended(stores: Stores, *writes: Write) -> Appended:
    result = await stores.events.append(writes)
    assert isinstance(result, Appended)
    return result
