"""Finds the backends and transports, and opens stores on each combination of them.

Each module of `tests.backends` describes one technology; see there for what it may export.
"""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import tests.backends
from baton.backends import backends
from baton.domain.run.messages.run_events import RunStarted
from baton.eventlog.events.envelope import Appended, Write
from baton.eventlog.ports.backend import Backend, Stores
from baton.settings import Settings
from baton.stores import open_stores

OpenStores = Callable[[Path], Awaitable[Stores]]
"""Opens stores whose data belong to a folder: the same folder opens the same data."""


def technologies(export: str) -> dict[str, ModuleType]:
    """Return the modules of `tests.backends` that define `export`, by their names."""
    names = [found.name for found in pkgutil.iter_modules(tests.backends.__path__)]
    modules = {name: importlib.import_module(f"tests.backends.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, export)}


def store_openers() -> dict[str, OpenStores]:
    """Return how to open the stores of each backend, without a transport."""
    return {name: module.open_stores for name, module in technologies("open_stores").items()}


def deployments() -> dict[str, OpenStores]:
    """Return how to open each backend alone, and each shared one with each transport."""
    openers = store_openers()
    attached = {
        f"{name}+{transport}": _attaching(openers[name], module)
        for name in openers
        if "shared" in backend_of(name).capabilities
        for transport, module in technologies("attach").items()
    }
    return {**openers, **attached}


async def settings_of(deployment: str, folder: Path) -> dict[str, Any]:
    """Return the settings of a process that uses a deployment, with its data in `folder`."""
    modules = technologies("settings")
    found: dict[str, Any] = {}
    for technology in deployment.split("+"):
        found |= await modules[technology].settings(folder)
    return found


def topic_openers() -> dict[str, OpenStores]:
    """Return how to open stores with topics, for each technology that carries messages."""
    return {name: module.open_topics for name, module in technologies("open_topics").items()}


def backend_of(deployment: str) -> Backend:
    """Return the backend that keeps the stores of a deployment."""
    name = deployment.partition("+")[0]
    return next(backend for backend in backends() if backend.name == name)


def with_capability(capability: str) -> list[str]:
    """Return the deployments whose backend has a capability, in alphabetical order."""
    names = sorted(deployments())
    return [name for name in names if capability in backend_of(name).capabilities]


def _attaching(open_stores: OpenStores, transport: ModuleType) -> OpenStores:
    async def attached(folder: Path) -> Stores:
        transport.require()  # a skip must come before anything is opened
        stores: Stores = await transport.attach(await open_stores(folder), folder)
        return stores

    return attached


class OpenedStores:
    """The stores of one deployment in a folder; a test can close and reopen them."""

    def __init__(self, deployment: str, folder: Path) -> None:
        self.backend = backend_of(deployment)
        self._deployment = deployment
        self._open = deployments()[deployment]
        self.folder = folder
        self.stores: Stores

    @property
    def durable(self) -> bool:
        return "durable" in self.backend.capabilities

    async def open(self) -> Stores:
        self.stores = await self._open(self.folder)
        return self.stores

    async def open_beside(self) -> Stores:
        """Open the stores once more, as a process does that works beside the services."""
        settings = Settings(**await settings_of(self._deployment, self.folder))
        return await open_stores(settings, beside=True, sealing="none")

    async def reopen(self) -> Stores:
        await self.stores.close()
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
