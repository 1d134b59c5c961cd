"""A process builds only the roles that it is asked for, and stops them in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import jwt
import pytest
from aiohttp import web
from prometheus_client import generate_latest
from pydantic import SecretStr

from baton.cli.services.up import environment_of
from baton.command_api.http.refusal import Refused
from baton.executor.functions.loading import FunctionsNotLoaded
from baton.keys import MissingJwtSecret
from baton.process import Process
from baton.protocols.address_policy import BlockedAddress
from baton.role import ALL_ROLES, Role, RoleName
from baton.roles.executor import address_policy
from baton.settings import Settings
from baton.stores import open_stores
from baton.wiring import build_process, run_roles

HEALTH = {"/healthz", "/readyz", "/metrics"}


def settings_in(folder: Path, *functions: str) -> Settings:
    secret = SecretStr("only-for-these-tests-" + "0" * 32)
    return Settings(data=folder, store="memory:", jwt_secret=secret, functions=functions)


@asynccontextmanager
async def built(settings: Settings, *names: RoleName) -> AsyncIterator[Process]:
    async with AsyncExitStack() as closing:
        stores = await open_stores(settings)
        closing.push_async_callback(stores.close)
        yield build_process(settings, stores, frozenset(names), closing=closing)


def paths_of(app: web.Application) -> set[str]:
    return {resource.canonical for resource in app.router.resources()}


@pytest.mark.parametrize("name", ["api", "projector", "scheduler"])
async def test_only_an_executor_loads_functions(tmp_path: Path, name: RoleName) -> None:
    settings = settings_in(tmp_path, "no_such_module")

    async with built(settings, name) as process:
        assert list(process.roles) == [name]
    with pytest.raises(FunctionsNotLoaded):
        async with built(settings, "executor"):
            pass


@pytest.mark.parametrize("name", ["executor", "projector", "scheduler"])
async def test_only_an_api_needs_the_secret_of_tokens(tmp_path: Path, name: RoleName) -> None:
    settings = Settings(data=tmp_path, store="memory:")

    async with built(settings, name) as process:
        with pytest.raises(Refused):
            await process.services.authenticator.identify(
                jwt.encode({"sub": "a", "tenant": "t", "exp": 2**33}, "x" * 32, "HS256")
            )
    with pytest.raises(MissingJwtSecret):
        async with built(settings, "api"):
            pass


async def test_a_process_without_roles_has_no_check_of_the_store(tmp_path: Path) -> None:
    """A worker's process: it has no store."""
    async with built(settings_in(tmp_path)) as worker, built(settings_in(tmp_path), "api") as api:
        assert not worker.context.checks
        assert set(api.context.checks) == {"store", "views"}


def test_a_service_of_up_gets_only_what_it_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JWT_SECRET", "JWT_SECRET_FILE", "SEAL_KEY", "TOKEN", "STORE"):
        monkeypatch.setenv(f"BATON_{name}", "x")

    given = {name for name in environment_of("executor", "ab") if name.startswith("BATON_")}

    assert "BATON_STORE" in given
    assert not given & {"BATON_JWT_SECRET", "BATON_JWT_SECRET_FILE", "BATON_SEAL_KEY"}
    assert "BATON_JWT_SECRET" in environment_of("api", "ab")


@pytest.mark.parametrize("name", ["executor", "projector", "scheduler"])
async def test_only_an_api_has_routes_beside_health_and_metrics(
    tmp_path: Path, name: RoleName
) -> None:
    async with built(settings_in(tmp_path), name) as process:
        assert paths_of(process.app()) == HEALTH
    async with built(settings_in(tmp_path), "api") as process:
        assert paths_of(process.app()) > HEALTH


PREFIXES = {
    "api": {"build", "commit", "live", "runs"},
    "executor": {"attempt", "build", "commit", "executor", "function", "queue"},
    "projector": {
        *(
            "attempt",
            "attempts",
            "build",
            "commit",
            "projector",
            "run",
            "runs",
            "schedule",
            "timer",
        ),
        "views",
    },
    "scheduler": {"build", "commit", "scheduler", "timers"},
}


@pytest.mark.parametrize(
    ("name", "prefixes"), [*PREFIXES.items(), ("all", set().union(*PREFIXES.values()))]
)
async def test_a_process_exports_the_metrics_of_its_roles(
    tmp_path: Path, name: RoleName | str, prefixes: set[str]
) -> None:
    names = ALL_ROLES if name == "all" else frozenset((name,))

    async with built(settings_in(tmp_path), *names) as process:  # type: ignore[arg-type]
        text = generate_latest(process.services.metrics).decode()

    exported = {
        line.removeprefix("# TYPE baton_").split("_")[0]
        for line in text.splitlines()
        if line.startswith("# TYPE ")
    }
    assert exported == prefixes


@pytest.mark.parametrize("allowed", [False, "loopback", True])
def test_a_function_on_this_machine_is_called_only_if_a_setting_permits_it(
    tmp_path: Path, allowed: Literal["loopback"] | bool
) -> None:
    policy = address_policy(Settings(data=tmp_path, functions_allow_private=allowed))

    if allowed:
        assert policy.check_url("http://localhost:9/f").port == 9
    else:
        with pytest.raises(BlockedAddress, match="BATON_FUNCTIONS_ALLOW_PRIVATE=true permits it"):
            policy.check_url("http://localhost:9/f")


async def test_triggers_stop_first_then_steps_then_views(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []
    async with run_roles(settings_in(tmp_path)) as process:
        await process.ready()
        for name, role in process.roles.items():
            _record_stop(monkeypatch, stopped, name, role)

    assert stopped == ["api", "scheduler", "executor", "projector"]


def _record_stop(
    monkeypatch: pytest.MonkeyPatch, stopped: list[str], name: str, role: Role
) -> None:
    stop = type(role).stop

    async def recorded(self: Role) -> None:
        stopped.append(name)
        await stop(self)

    monkeypatch.setattr(type(role), "stop", recorded)
