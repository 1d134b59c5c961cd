"""The process inside an engine: projector, scheduler and an executor that may crash."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Final, TypeAlias

from pydantic import SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from baton.backend_choice import backend_of
from baton.command_api.services import Services
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.executor.announce_functions import known_functions
from baton.executor.functions.loading import describe, load_functions
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.functions.registry import PythonFunction, Registry
from baton.executor.sdk import MARK, Mark
from baton.process import Process
from baton.role import Replacements, RoleContext, RoleName
from baton.roles.executor import ExecutorRole, build_with
from baton.settings import Settings
from baton.stores import open_stores
from baton.testing.stubs import StubbedCalls
from baton.wiring import build_process, run_built

_ROLES: Final[frozenset[RoleName]] = frozenset(("projector", "scheduler"))
Source: TypeAlias = Callable[..., object] | ModuleType | str | Path
"""A function marked with `@function`, or a module with such functions, its file or its name."""
MEMORY: Final = "memory:"
"""The address of stores in memory."""
_SEAL_KEY: Final = SecretStr("0" * 64)  # of secrets that end with the test


class TestSettings(Settings):
    """Settings that no variable and no file of the machine changes."""

    __test__ = False
    model_config = SettingsConfigDict(toml_file=None, frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library calls it with all
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the arguments as the only source."""
        return (init_settings,)


class EngineProcess:
    """Runs the roles of an engine in a task, from `open` to `close`.

    Args:
        sources: The functions.
        start: The time at which the clock begins, in ms since the epoch.
        rng: Draws the jitter of backoffs.
        only_stubs: Fail the steps whose functions have no stub.
        url: The address of the store, which must be empty.

    Attributes:
        calls: Has the stubs.
        time: The time of all roles.
        loop: The event loop of the roles; None before `open`.
        opened: Whether the roles were started.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        rng: Random,
        *,
        start: int,
        only_stubs: bool,
        url: str,
    ) -> None:
        registry = Registry()
        for source in sources:
            for function in _functions_of(source):
                registry.add(function)
        self.time = VirtualTime(start, real_idle=_is_shared(url))
        self.loop: asyncio.AbstractEventLoop | None = None
        self.opened = False
        self._registry = registry
        self._url = url
        self._rng = rng
        self._functions = RegisteredFunctions(registry, clock=self.time.clock)
        self.calls = StubbedCalls(self._functions, registry, self.time.clock, only_stubs=only_stubs)
        self._process: Process | None = None
        self._executor: ExecutorRole | None = None
        self._executing: asyncio.Task[None] | None = None
        self._life: asyncio.Task[None] | None = None

    @property
    def services(self) -> Services:
        """The services that commands and queries of the engine work with."""
        return self._running.services

    async def open(self) -> None:
        """Start the roles in a task of their own; raises the error of a role that can't start."""
        self.loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        ready = asyncio.Event()
        self._life = asyncio.create_task(self._live(ready), name="baton.testing")
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((self._life, waiting), return_when=asyncio.FIRST_COMPLETED)
        await stop_tasks((waiting,))
        if self._life.done():
            self._life.result()
        self.opened = True

    async def settle(self) -> None:
        """Process all due work; the clock stays. Raises the error of a role that has ended."""
        if self._life is not None and self._life.done():
            self._life.result()
            raise RuntimeError("the engine was closed")
        await self.time.settle()

    async def crash(self) -> None:
        """End the executor as if its process were killed, and start another one."""
        await self._end_executor(release=False)
        self._start_executor(self._running.context)
        await self.settle()

    async def close(self) -> None:
        """Stop the roles; running attempts are cancelled."""
        if self._life is not None:
            self._closing.set()
            await self._life

    @property
    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("the engine was not started")
        return self._process

    async def _live(self, ready: asyncio.Event) -> None:
        settings = TestSettings(store=self._url, notary=False, seal_key=_SEAL_KEY)
        async with AsyncExitStack() as closing:
            stores = await open_stores(settings)
            closing.push_async_callback(stores.close)
            if await stores.events.head():
                raise ValueError("an engine needs an empty store, and this one has events")
            closing.push_async_callback(self._functions.close)
            replaced = Replacements(time=self.time, rng=self._rng)
            process = build_process(settings, stores, _ROLES, closing=closing, replaced=replaced)
            self._process = process
            process.context.functions.own = known_functions(self._registry)
            async with run_built(process):
                self._start_executor(process.context)
                ready.set()
                try:
                    await self._closing.wait()
                finally:
                    await self._end_executor(release=True)

    def _start_executor(self, context: RoleContext) -> None:
        self._executor = build_with(context, self.calls)
        self._executing = asyncio.create_task(self._executor.run(), name="executor")

    async def _end_executor(self, *, release: bool) -> None:
        if self._executor is not None and self._executing is not None:
            await self._executor.executor.stop(grace_s=0, release=release)
            await stop_tasks((self._executing,))


def _is_shared(url: str) -> bool:
    """Return whether other processes can use the store at the same time; raises LookupError.

    Notifications of such a store arrive in real time, even while the virtual clock stands still.
    """
    return "shared" in backend_of(url).capabilities


def _functions_of(source: Source) -> list[PythonFunction]:
    """Return the functions of a source; raises FunctionsNotLoaded and TypeError."""
    if isinstance(source, ModuleType):
        return load_functions(source.__name__)
    if isinstance(source, str | Path):
        return load_functions(str(source))
    if not isinstance(getattr(source, MARK, None), Mark):
        raise TypeError(f"{source!r} is not marked with @function")
    return [describe(source, origin=source.__module__)]
